import Broadcasts
import HTTP
import HTTPTypes
import Logging

/// The endpoints that Mozilla's Dockerflow requires.
extension API {
    /// `GET /__lbheartbeat__`: 200 while the process runs, 503 once it shuts down. Does not access the store.
    func getLoadBalancerHeartbeat(_: Request, _: inout RequestContext) -> Handling {
        if isShuttingDown { return .ready(response(to: .shuttingDown)) }
        return .ready(LoggedResponse(Response(status: .ok, fields: FieldLines([.cacheControl: noStore]))))
    }

    /// `GET /__heartbeat__`: responds with the outcome of a health check of the store.
    func getHeartbeat(_: Request, _: inout RequestContext) -> Handling {
        .health
    }

    /// Returns the response to a heartbeat: 200 without an error, otherwise 503.
    func response(toHealth error: StoreError?) -> LoggedResponse {
        error.map(Self.unhealthy) ?? LoggedResponse(.ok, json: Array(Self.healthy.utf8))
    }

    private static func unhealthy(_ error: StoreError) -> LoggedResponse {
        let failure = APIError.storeFailed(error)
        return LoggedResponse(
            .serviceUnavailable, json: Array(Self.unhealthy.utf8), errno: failure.row.errno,
            message: failure.detail)
    }

    private static let healthy = #"""
        {"status":"ok","code":200,"database":"ok","checks":{"database":"ok"},"details":{}}
        """#

    /// `level` 40 is the number of an error in python-dockerflow.
    private static let unhealthy = #"""
        {"status":"error","code":503,"database":"error","checks":{"database":"error"},\#
        "details":{"database":{"status":"error","level":40,\#
        "messages":{"megaphone.database":"The database cannot be used"}}}}
        """#

    /// `GET /__version__`: the content of `version_file`, or the build information of the binary if there is
    /// no such file. Responds with 500 if the file cannot be read.
    func getVersion(_: Request, _: inout RequestContext) -> Handling {
        .deferred { [configuration] _, _ throws(APIError) in
            do throws(VersionFileError) {
                let file = try await configuration.versionFile()
                return LoggedResponse(.ok, json: file ?? configuration.build.json)
            } catch {
                throw .unexpected(error.reason)
            }
        }
    }

    /// `GET /__error__`: logs an error and responds with one, to test the log pipeline. Requires a reader's
    /// token even if `anonymous_reads` is on, so that anonymous clients cannot fill the log.
    func getError(_ request: Request, _ context: inout RequestContext) throws(APIError) -> Handling {
        try authorizeReader(request, &context)
        logger.error("Oh Noes!", metadata: ["rid": "\(context.requestID)"])
        throw .ohNoes
    }
}
