package import Time

/// What Prometheus' client libraries tell about their process, under the same names.
package enum ProcessMetrics {
    /// The values are asked of the system whenever the metrics are read.
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

    /// Field 22 of proc_pid_stat(5) is the start in clock ticks after the boot.
    private static func processStartTime(_ clock: Clock) -> Double {
        let bootTime = Double(clock.wallTime.nanoseconds) / 1e9 - clock.now.sinceBoot / .seconds(1)
        return bootTime + statField(22, procFile("/proc/self/stat")) / Double(clockTicksPerSecond())
    }

    /// The second number of proc_pid_statm(5).
    private static func residentPages(_ statm: String) -> Double {
        let fields = statm.split(separator: " ")
        return fields.count > 1 ? Double(fields[1]) ?? .nan : .nan
    }

    /// A field by its number in proc_pid_stat(5). The second is the program's name in parentheses, which may
    /// hold spaces and parentheses itself, so the rest is counted from the last one.
    static func statField(_ number: Int, _ stat: String) -> Double {
        guard let nameEnd = stat.lastIndex(of: ")") else { return .nan }
        let fields = stat[stat.index(after: nameEnd)...].split(separator: " ")
        let index = number - 3
        return fields.indices.contains(index) ? Double(fields[index]) ?? .nan : .nan
    }
}
