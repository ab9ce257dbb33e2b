import Time

/// What a seed switches on: each class of faults and of clients in some seeds only, because a fault can hide
/// another.
struct Swarm {
    var nodes = 1
    var loops = 1
    var servers = 1
    var latency = 0...1
    var staleness = Duration.zero
    var transfersParts = false
    var storeFails = false
    var storeIsSlow = false
    var storeIsDownAtTimes = false
    var losesTail = false
    var kills = false
    var drains = false
    var reloads = false
    var hasFewDescriptors = false
    var hasHoldBack = false
    var hasUrgent = false
    var hasForeign = false
    var deletes = false
    var isCrowded = false
    var hasSlowReaders = false
    var habits = ClientHabits()

    init(_ world: World) {
        nodes = world.number(1...5)
        loops = world.number(1...2)
        servers = world.chance(0.3) ? 3 : 1
        latency = 0...(world.pick([1, 5, 30]) ?? 1)
        staleness = world.chance(0.2) ? .seconds(1) : .zero
        transfersParts = world.chance(0.4)
        storeFails = world.chance(0.3)
        storeIsSlow = world.chance(0.3)
        storeIsDownAtTimes = world.chance(0.2)
        losesTail = world.chance(0.1)
        kills = world.chance(0.3)
        drains = world.chance(0.3)
        reloads = world.chance(0.3)
        hasFewDescriptors = world.chance(0.1)
        hasHoldBack = world.chance(0.4)
        hasUrgent = world.chance(0.3)
        hasForeign = world.chance(0.3)
        deletes = world.chance(0.3)
        isCrowded = world.chance(0.2)
        hasSlowReaders = world.chance(0.3)
        if world.chance(0.3) { habits.trickles = 0.1 }
        if world.chance(0.3) { habits.abandons = 0.05 }
        if world.chance(0.3) { habits.halfCloses = 0.05 }
    }

    /// Whether every change reaches the listeners in time: no fault delays a read.
    var isPrompt: Bool { !storeFails && !storeIsDownAtTimes && !storeIsSlow }

    var store: StoreBehaviour {
        var behaviour = StoreBehaviour()
        if storeIsSlow { behaviour.delay = 0...150 }
        if storeFails { (behaviour.failures, behaviour.hangs, behaviour.lostAnswers) = (0.03, 0.01, 0.05) }
        return behaviour
    }

    var description: String {
        let flags: [(String, Bool)] = [
            ("parts", transfersParts), ("store fails", storeFails), ("slow store", storeIsSlow),
            ("outages", storeIsDownAtTimes), ("lost tail", losesTail), ("kills", kills), ("drains", drains),
            ("reloads", reloads), ("few descriptors", hasFewDescriptors), ("hold-back", hasHoldBack),
            ("urgent", hasUrgent), ("foreign writers", hasForeign), ("deletes", deletes),
            ("crowd", isCrowded),
            ("slow readers", hasSlowReaders), ("trickles", habits.trickles > 0),
            ("abandons", habits.abandons > 0), ("half-closes", habits.halfCloses > 0),
        ]
        let names = flags.filter(\.1).map(\.0).joined(separator: ", ")
        return
            "\(nodes) nodes of \(loops) loops, \(servers) database servers, latency \(latency.upperBound) ms: \(names)"
    }
}
