/// The parts of the schema that a store has only if the settings need them.
package struct SchemaAdditions: Hashable, Sendable {
    /// The table of changes, for `history_limit`.
    package var history: Bool
    /// The columns that hold versions back, for `hold_back`.
    package var holdBack: Bool

    package init(history: Bool, holdBack: Bool) {
        self.history = history
        self.holdBack = holdBack
    }
}
