package import CrosswalkModel
package import CrosswalkPipeline

/// Where the values of one record of an output came from. Values are `nil` where they are absent.
package struct WhyAnswer: Sendable {
  /// A record in its file: all numbers from 0, the line from 1.
  package struct Record: Sendable {
    package var source: String
    package var number: Int
    /// Of the file's content, where it is compressed.
    package var bytes: Range<Int>
    /// nil where the file cannot be read again.
    package var line: Int?
  }

  package struct Step: Sendable {
    /// As the mapping file words it.
    package var text: String
    package var place: Place
    package var before: Tree?
    /// nil with `isRefused`: the value will not convert.
    package var after: Tree?
    package var isRefused = false
    /// What is refused stands as it is (`onFail: keep`).
    package var isKept = false
    /// Other canonical values that it looks at.
    package var given: [(name: String, value: Tree?)] = []

    package var isUnchanged: Bool { !isRefused && before == after }
  }

  /// A leaf of the input's record.
  package struct Source: Sendable {
    package var name: String
    /// Of its field in the mapping file.
    package var place: Place
    package var value: Tree?
    /// As it stands in the file, where that is spelt otherwise than the value.
    package var raw: String?
    package var bytes: Range<Int>?
    package var steps: [Step]
    /// The canonical fields that it feeds.
    package var canonical: [String]
    /// Why it stands nowhere in the output: a reason of DESIGN section 6.
    package var parked: String?
    package var isSecret: Bool
    /// The value is the target's id that the map of ids gives for it.
    package var isTranslated = false
  }

  package struct Canonical: Sendable {
    package var name: String
    package var value: Tree?
    /// `--set` gave it.
    package var isSet: Bool
    package var isSecret: Bool
  }

  /// `is:`, or one of the fallbacks.
  package struct Leg: Sendable {
    /// 0 is `is:`, n the n-th of `or:`.
    package var number: Int
    package var text: String
    package var isTaken: Bool
    /// Why it was not taken, or gave nothing.
    package var why: String?
  }

  package enum Origin: String, Sendable {
    /// One or more values of the input's record.
    case source
    case set
    case `default`
    case constant
    /// Brought back with the residue, or out of canonical's `native`.
    case residue, native
    /// The conversion itself: who wrote a canonical record, and what canonical has no field for.
    case run
    case nothing
  }

  package struct Field: Sendable {
    package var name: String
    package var place: Place?
    package var isSecret: Bool
    package var origin: Origin
    package var sources: [Source] = []
    package var canonical: [Canonical] = []
    package var legs: [Leg] = []
    /// What the leg that was taken gave.
    package var taken: Tree?
    package var steps: [Step] = []
    /// What the conversion writes, as a reader of the output finds it.
    package var written: Tree?
    /// What stands in the output.
    package var now: Tree?
    package var nowBytes: Range<Int>?
    package var isAsWritten = true
    /// Why nothing is written, a sentence without its full stop.
    package var reason: String?
    /// No field of the source can feed it.
    package var isUnfed = false
  }

  package var output: Record
  package var input: Record
  package var from: ConvertJob.Endpoint
  package var to: ConvertJob.Endpoint
  package var shape: Shape
  package var residue: String?
  /// Of one field, or all of the record's.
  package var fields: [Field]
  /// Fields of the record, the asked one not counted, that are not as they were written.
  package var otherEdits: Int
  /// The ids are not those that were written: it may be another record.
  package var hasOtherId: Bool
  /// Values of the output's record that no field of the target names, and that the conversion did not write.
  package var unnamed: Int

  package var isAsWritten: Bool { fields.allSatisfy(\.isAsWritten) }
}
