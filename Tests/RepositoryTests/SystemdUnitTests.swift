import Testing

@Suite(.enabled(if: Shell.has("systemd-analyze")))
struct SystemdUnitTests {
    /// Replaces the program by `/bin/true`, because systemd-analyze requires that the program is installed.
    private static func analyze(_ arguments: String, edit: String = "") throws -> Shell.Result {
        try Shell.run(
            """
            folder=$(mktemp -d)
            sed 's#=/usr/local/bin/megaphone#=/bin/true#;\(edit)' Deploy/megaphone.service \
                > "$folder/megaphone.service"
            systemd-analyze \(arguments) "$folder/megaphone.service"
            status=$?
            rm -r "$folder"
            exit $status
            """)
    }

    @Test func unit_isAcceptedBySystemd() throws {
        let result = try Self.analyze("verify")
        #expect(result.exitCode == 0)
        #expect(result.output.isEmpty, "\(result.output)")
    }

    @Test func canary_aMisspeltKey_isReported() throws {
        let result = try Self.analyze("verify", edit: "s/^ProtectHome/ProtectHoem/")
        #expect(result.output.contains("ProtectHoem"))
    }

    /// The exposure level ranges from 0 to 100, which means no protection.
    @Test func unit_hasALowExposureLevel() throws {
        let result = try Self.analyze("security --offline=true --threshold=20")
        #expect(result.exitCode == 0, "\(result.output)")
    }

    @Test func canary_aUnitWithFewerRestrictions_isReported() throws {
        let result = try Self.analyze(
            "security --offline=true --threshold=20", edit: "/^SystemCallFilter/d;/^CapabilityBoundingSet/d")
        #expect(result.exitCode != 0)
    }
}
