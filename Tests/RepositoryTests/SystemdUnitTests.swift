import Testing

@Suite(.enabled(if: Shell.has("systemd-analyze")))
struct SystemdUnitTests {
    /// systemd wants the program to be there, and it is nowhere installed here.
    private static func analyze(_ arguments: String, edit: String = "") throws -> Shell.Result {
        try Shell.run(
            """
            folder=$(mktemp -d)
            sed 's#^ExecStart=[^ ]*#ExecStart=/bin/true#;\(edit)' Deploy/megaphone.service \
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

    /// The scale ends at 100, which is no protection at all.
    @Test func unit_leavesLittleExposed() throws {
        let result = try Self.analyze("security --offline=true --threshold=20")
        #expect(result.exitCode == 0, "\(result.output)")
    }

    @Test func canary_aUnitThatMayDoMore_isReported() throws {
        let result = try Self.analyze(
            "security --offline=true --threshold=20", edit: "/^SystemCallFilter/d;/^CapabilityBoundingSet/d")
        #expect(result.exitCode != 0)
    }
}
