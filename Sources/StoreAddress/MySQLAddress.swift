internal import Bytes

/// The server, user and database of a MySQL or MariaDB connection.
package struct MySQLAddress: Hashable, Sendable {
    /// A name or an IP address, without brackets. Empty if there is a socket and no host.
    package let host: String
    package let port: UInt16
    /// The path of a Unix socket. If nil, TCP is used, for `localhost` too.
    package let socket: String?
    package let user: String
    /// Empty if there is none.
    package let password: String
    package let database: String
    package let encryption: MySQLEncryption

    package init(
        host: String, port: UInt16 = 3306, socket: String? = nil, user: String, password: String = "",
        database: String, encryption: MySQLEncryption = MySQLEncryption()
    ) {
        self.host = host
        self.port = port
        self.socket = socket
        self.user = user
        self.password = password
        self.database = database
        self.encryption = encryption
    }

    /// The location of the server, for messages: the socket's path, or host and port.
    package var place: String {
        socket ?? "\(isIPv6Address(host) ? "[\(host)]" : host):\(port)"
    }

    /// Parses the text after `mysql:`.
    init(afterScheme text: Substring) throws(DatabaseAddressError) {
        guard text.hasPrefix("//") else { throw DatabaseAddressError("needs // after mysql:") }
        guard !text.contains("#") else { throw DatabaseAddressError("has a bare #; write it as %23") }
        let authorityAndRest = text.dropFirst(2)
        let authority = authorityAndRest.prefix { $0 != "/" && $0 != "?" }
        let afterAuthority = authorityAndRest.dropFirst(authority.count)
        // Such an @ means that the password contains a bare / or ?. Its rest would be parsed as a path or an
        // option, and messages quote those.
        guard !afterAuthority.contains("@") else {
            throw DatabaseAddressError("has an @ after a / or ?; in a password, write them as %2F and %3F")
        }
        let (path, query) = afterAuthority.divided(at: "?")

        // The last @ is the separator, so that a bare @ in the password is accepted.
        guard let at = authority.lastIndex(of: "@") else {
            throw DatabaseAddressError("has no user; expected mysql://user:password@host/database")
        }
        let (user, password) = authority[..<at].divided(at: ":")
        self.user = try decoded(user, "user")
        self.password = try decoded(password ?? "", "password")
        guard !self.user.isEmpty else { throw DatabaseAddressError("has an empty user") }

        let options = try MySQLOptions(query ?? "")
        socket = options.socket
        encryption = try MySQLEncryption(options)
        (host, port) = try hostAndPort(authority[authority.index(after: at)...])
        guard !host.isEmpty || socket != nil else { throw DatabaseAddressError("has no host") }

        database = try decoded(path.dropFirst(), "database")
        guard !database.isEmpty, !database.contains("/") else {
            throw DatabaseAddressError("must name one database after the host: /database")
        }
    }
}

extension MySQLAddress: CustomStringConvertible, CustomDebugStringConvertible {
    /// The URL with the password masked.
    package var description: String {
        let secret = password.isEmpty ? "" : ":***"
        let place = isIPv6Address(host) ? "[\(host)]" : percentEncoded(host)
        var options = ["ssl-mode=\(encryption.mode.rawValue)"]
        let paths = [
            ("socket", socket), ("ssl-ca", encryption.authority), ("ssl-cert", encryption.certificate),
            ("ssl-key", encryption.key),
        ]
        for case (let name, let path?) in paths {
            options.append("\(name)=\(percentEncoded(path, keepingSlashes: true))")
        }
        return "mysql://\(percentEncoded(user))\(secret)@\(place):\(port)/\(percentEncoded(database))"
            + "?\(options.joined(separator: "&"))"
    }

    package var debugDescription: String { description }
}

/// Whether and how the connection is encrypted, with the names of MySQL's options.
package struct MySQLEncryption: Hashable, Sendable {
    /// MySQL's `--ssl-mode`, from weakest to strictest.
    package enum Mode: String, CaseIterable, Sendable {
        case disabled = "DISABLED"
        /// Encrypted if the server supports it. The default.
        case preferred = "PREFERRED"
        /// A session without encryption is closed. The server's identity is not verified.
        case required = "REQUIRED"
        /// The server's certificate was issued by `ssl-ca`.
        case verifyAuthority = "VERIFY_CA"
        /// As `verifyAuthority`, and the certificate is issued for the host: the only mode that protects the
        /// password from a man-in-the-middle attack.
        case verifyIdentity = "VERIFY_IDENTITY"
    }

    package let mode: Mode
    /// `ssl-ca`: the file of trusted certificate authorities.
    package let authority: String?
    /// `ssl-cert` and `ssl-key`: the files of the client's certificate and its private key; both or neither.
    package let certificate: String?
    package let key: String?

    package init(
        mode: Mode = .preferred, authority: String? = nil, certificate: String? = nil, key: String? = nil
    ) {
        self.mode = mode
        self.authority = authority
        self.certificate = certificate
        self.key = key
    }

    /// Rejects combinations that the two client libraries treat differently, or that are weaker than they
    /// look.
    init(_ options: MySQLOptions) throws(DatabaseAddressError) {
        mode = options.mode ?? .preferred
        authority = options.authority
        certificate = options.certificate
        key = options.key
        let verifies = mode == .verifyAuthority || mode == .verifyIdentity
        guard verifies || authority == nil else {
            throw DatabaseAddressError("has ssl-ca, which needs ssl-mode=VERIFY_CA or VERIFY_IDENTITY")
        }
        guard !verifies || authority != nil else {
            throw DatabaseAddressError("has ssl-mode=\(mode.rawValue), which needs ssl-ca")
        }
        guard (certificate == nil) == (key == nil) else {
            throw DatabaseAddressError("needs both of ssl-cert and ssl-key, or neither")
        }
        guard mode != .disabled || certificate == nil else {
            throw DatabaseAddressError("has ssl-cert, which has no effect with ssl-mode=DISABLED")
        }
    }
}
