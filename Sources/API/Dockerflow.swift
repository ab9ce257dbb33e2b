import Broadcasts
import HTTP
import HTTPTypes
import Logging

/// What Mozilla's Dockerflow asks of a service.
extension API {
    /// The load balancer's check: says that the process answers, and touches nothing.
    func getLoadBalancerHeartbeat(_: Request, _: inout RequestContext) -> Handling {
        .ready(LoggedResponse(Response(status: .ok)))
    }

    /// Asks the store a real question.
    func getHeartbeat(_: Request, _: inout RequestContext) -> Handling {
        .health
    }

    /// The answer to a heartbeat, by what is wrong with the store.
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

    /// Level 40 is python-dockerflow's for an error.
    private static let unhealthy = #"""
        {"status":"error","code":503,"database":"error","checks":{"database":"error"},\#
        "details":{"database":{"status":"error","level":40,\#
        "messages":{"megaphone.database":"The database cannot be used"}}}}
        """#

    /// `version.json` as it is on disk now, or what the binary knows of itself.
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

    /// Logs one error and answers with one: a test of the log pipeline. Not for the anonymous, who could fill
    /// it.
    func getError(_ request: Request, _ context: inout RequestContext) throws(APIError) -> Handling {
        try authorizeReader(request, &context)
        logger.error("Oh Noes!", metadata: ["rid": "\(context.requestID)"])
        throw .ohNoes
    }
}
