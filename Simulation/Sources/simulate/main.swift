import Glibc
import Simulator

let usage = """
    usage: simulate [--seeds=N] [--from=N] [--seconds=N] [--seed=N] [--canary] [--trace] [--digests]

    Runs clusters from consecutive seeds, each a minute of virtual time, until one breaks a promise or all have run.
    The exit code is 1 if a seed failed, 64 for a wrong option.

      --seeds=N    how many seeds to run, 1000 by default
      --from=N     the first one, 1 by default
      --seconds=N  stop after this real time
      --seed=N     run this seed only, and print the end of its trace
      --canary     plant a bug in the store: the exit code is 0 if the checks find it
      --trace      with --seed: print the whole trace
      --digests    print a digest of each seed's trace, to compare two runs
    """

/// The options of the command line.
struct Options {
    var seeds: UInt64 = 1000
    var first: UInt64 = 1
    var seconds: Int?
    var seed: UInt64?
    var isCanary = false
    var showsTrace = false
    var showsDigests = false

    init?(_ arguments: ArraySlice<String>) {
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            let number = parts.count == 2 ? UInt64(parts[1]) : nil
            switch (parts[0], number) {
            case ("--seeds", let number?) where number > 0: seeds = number
            case ("--from", let number?): first = number
            case ("--seconds", let number?): seconds = Int(number)
            case ("--seed", let number?): seed = number
            case ("--canary", nil): isCanary = true
            case ("--trace", nil): showsTrace = true
            case ("--digests", nil): showsDigests = true
            default: return nil
            }
        }
    }
}

func hexadecimal(_ number: UInt64) -> String { String(number, radix: 16) }

/// Prints a line at once, also into a pipe.
func print(_ line: String) {
    Swift.print(line)
    fflush(nil)
}

/// Prints what went wrong, what happened before, and how to run it again.
func report(_ outcome: Simulation.Outcome, whole: Bool) {
    print("seed \(outcome.seed): \(outcome.swarm)")
    for line in whole ? outcome.trace[...] : outcome.trace.suffix(40) { print("  \(line)") }
    for violation in outcome.violations.prefix(5) { print("broken: \(violation)") }
    print("To run it again: make simulate SEED=\(outcome.seed)")
}

func run(_ options: Options) -> Int32 {
    let clock = ContinuousClock()
    let began = clock.now
    var lastReport = began
    var (virtual, requests, commits, count) = (0.0, 0, 0, UInt64(0))
    func progress() -> String {
        let real = Double((clock.now - began).components.seconds) + 0.001
        return
            "\(count) seeds, \(Int(virtual / 60)) virtual minutes, \(Int(virtual / real)) times as fast as real time, "
            + "\(requests) requests, \(commits) commits"
    }
    for seed in options.first..<(options.first + options.seeds) {
        if let seconds = options.seconds, clock.now - began > .seconds(seconds) { break }
        let outcome = Simulation.run(seed: seed, canary: options.isCanary)
        count += 1
        virtual += outcome.seconds
        requests += outcome.requests
        commits += outcome.commits
        if options.showsDigests { print("\(seed) \(hexadecimal(outcome.digest))") }
        if !outcome.violations.isEmpty {
            if options.isCanary {
                print("The canary was found by seed \(seed): \(outcome.violations[0])")
                return 0
            }
            report(outcome, whole: false)
            print("failed: \(progress())")
            return 1
        }
        if clock.now - lastReport > .seconds(10) {
            print(progress())
            lastReport = clock.now
        }
    }
    print("\(options.isCanary ? "The canary was not found" : "passed"): \(progress())")
    return options.isCanary ? 1 : 0
}

guard let options = Options(CommandLine.arguments.dropFirst()) else {
    print(usage)
    exit(64)
}
if let seed = options.seed {
    let outcome = Simulation.run(seed: seed, canary: options.isCanary, keepsTrace: options.showsTrace)
    report(outcome, whole: options.showsTrace)
    print("digest \(hexadecimal(outcome.digest))")
    exit(outcome.violations.isEmpty ? 0 : 1)
}
exit(run(options))
