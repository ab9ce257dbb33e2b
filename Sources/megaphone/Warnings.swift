import Access
import Settings

/// Warnings about valid settings.
extension Settings {
    /// Returns the warnings, one line each.
    func warnings(descriptors: DescriptorLimit) -> [String] {
        var warnings: [String] = []
        if let warning = DescriptorBudget(self, descriptors).warning(for: self) {
            warnings.append(warning)
        }
        if reloadable.access.isEmpty {
            let reads = reloadable.access.anonymousReads ? "" : " and GET"
            warnings.append(
                """
                No tokens are configured, so every PUT\(reads) will be rejected: set broadcaster_auth and \
                reader_auth
                """)
        }
        return warnings
    }
}
