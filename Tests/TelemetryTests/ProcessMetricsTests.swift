import Glibc
import Synchronization
import TestSupport
import Testing
import Time

@testable import Telemetry

struct ProcessMetricsTests {
    private func value(_ name: String) throws -> Double {
        let registry = MetricsRegistry()
        ProcessMetrics.register(in: registry, clock: .system)
        let text = String(decoding: registry.prometheusText(), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + " ") })
        return try #require(line.split(separator: " ").last.flatMap { Double($0) })
    }

    @Test func startTime_isWithinTheLastHour() throws {
        let age = Double(time(nil)) - (try value("process_start_time_seconds"))
        #expect((-2...3600).contains(age))
    }

    @Test func memoryThreadsAndDescriptors_arePlausible() throws {
        #expect((1e6...1e12).contains(try value("process_resident_memory_bytes")))
        #expect((1...10_000).contains(try value("process_threads")))
        #expect((3...100_000).contains(try value("process_open_fds")))
        #expect(try value("process_max_fds") >= 3)
    }

    @Test func processorTime_grows_andIsThatOfTheProcess() throws {
        let before = try value("process_cpu_seconds_total")
        #expect(before > 0)
        var now = before
        // Reading the metric uses CPU time itself.
        while now < before + 0.01 { now = try value("process_cpu_seconds_total") }
        #expect(abs(now - Double(clock()) / 1e6) < 5)
    }

    @Test func cachedGauge_readsAtMostOnceASecond() {
        let reads = Mutex(0.0)
        let sample = CachedGauge {
            reads.withLock { reads in
                reads += 1
                return reads
            }
        }
        let now = Instant.now
        #expect(sample.value(at: now) == 1)
        #expect(sample.value(at: now + .milliseconds(999)) == 1)
        #expect(sample.value(at: now + .seconds(1)) == 2)
    }

    @Test(arguments: [
        ("7 (a) S 1 2 3", 3, nil), ("7 (a) S 1 2 3", 4, 1.0), ("7 (a b) c) S 1 2 3", 6, 3.0),
        ("7 (a) S 1 2 3", 7, nil), ("", 4, nil), (")", 3, nil),
    ])
    func statField_isCountedFromTheNamesEnd(stat: String, field: Int, expected: Double?) {
        let value = ProcessMetrics.statField(field, stat)
        #expect(value.isNaN ? expected == nil : value == expected)
    }
}
