/// A date in the Gregorian calendar, carried back before it was in use.
package struct CivilDate: Hashable, Sendable {
    package let year: Int
    /// From 1 to 12.
    package let month: Int
    /// From 1 to 31.
    package let day: Int

    /// The date so many days after 1970-01-01, or before it.
    ///
    /// Years are counted from March, so that the leap day is the last of its year and the months before it
    /// follow one pattern: 153 days in five months. Eras of 400 years all have the same 146,097 days.
    package init(daysSince1970: Int) {
        let daysSinceMarch0 = daysSince1970 + 719_468
        let era = (daysSinceMarch0 >= 0 ? daysSinceMarch0 : daysSinceMarch0 - 146_096) / 146_097
        let dayOfEra = daysSinceMarch0 - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }
}
