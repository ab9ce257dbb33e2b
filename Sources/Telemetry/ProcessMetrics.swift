package import Time

/// The process metrics of Prometheus' client libraries, under the same names.
package enum ProcessMetrics {
    /// Registers the metrics. Their values are read from the system whenever the metrics are read.
    package static func register(in registry: MetricsRegistry, clock: Clock) {
        let startTime = processStartTime(clock)
        registry.gauge("process_start_time_seconds", help: "When the process started, in Unix time.") {
            startTime
        }
        registry.counter(
            "process_cpu_seconds_total", help: "Processor time, user and system.", seconds: processorSeconds)
        registry.gauge("process_resident_memory_bytes", help: "Resident memory.") {
            residentPages(procFile("/proc/self/statm")) * Double(pageSize())
        }
        let openDescriptors = CachedGauge { openDescriptorCount() }
        registry.gauge("process_open_fds", help: "Open file descriptors.") {
            openDescriptors.value(at: clock.now)
        }
        registry.gauge("process_max_fds", help: "The limit on open file descriptors.") { descriptorLimit() }
        registry.gauge("process_threads", help: "Threads of the process.") {
            // Field 20 of proc_pid_stat(5).
            statField(20, procFile("/proc/self/stat"))
        }
    }

    /// Returns the start in Unix time. Field 22 of proc_pid_stat(5) is the start in clock ticks after the
    /// boot.
    private static func processStartTime(_ clock: Clock) -> Double {
        let bootTime = Double(clock.wallTime.nanoseconds) / 1e9 - clock.now.sinceBoot / .seconds(1)
        return bootTime + statField(22, procFile("/proc/self/stat")) / Double(clockTicksPerSecond())
    }

    /// Returns the second number of proc_pid_statm(5).
    private static func residentPages(_ statm: String) -> Double {
        let fields = statm.split(separator: " ")
        return fields.count > 1 ? Double(fields[1]) ?? .nan : .nan
    }

    /// Returns a field of proc_pid_stat(5) by its number, or NaN. The second field is the program's name in
    /// parentheses and may contain spaces and parentheses, so fields are counted from the last parenthesis.
    static func statField(_ number: Int, _ stat: String) -> Double {
        guard let nameEnd = stat.lastIndex(of: ")") else { return .nan }
        let fields = stat[stat.index(after: nameEnd)...].split(separator: " ")
        let index = number - 3
        return fields.indices.contains(index) ? Double(fields[index]) ?? .nan : .nan
    }
}
