import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// What a run says of records and documents; one function a message.
enum Messages {
  static func malformed(
    _ error: FormatError, source: String, offset: Int, format: Format, disposition: Disposition, extra: String? = nil
  ) -> Diagnostic {
    let at = offset + error.offset
    var diagnostic = error.reason.diagnostic
    diagnostic.place = .init(source: source, bytes: at..<(at + 1))
    diagnostic.disposition = disposition
    if let extra { diagnostic.help = diagnostic.help.map { "\($0); \(extra)" } ?? extra }
    return diagnostic
  }

  static func unwritable(_ error: FormatError, format: Format) -> Diagnostic {
    var diagnostic = error.reason.diagnostic
    diagnostic.title = "a value of this record cannot stand in \(format.rawValue.uppercased()): \(diagnostic.title)"
    diagnostic.disposition = .reject
    return diagnostic
  }

  static func missing(_ target: TargetLeaf, plan: Plan, at place: Diagnostic.DataPlace) -> Diagnostic {
    let field = plan.target.fields[target.leaf.field]
    let failed = plan.state.failedTargets.contains { plan.targetLeaves[$0].leaf.name == target.leaf.name }
    let canonical = field.canonicalNames.first
    return Diagnostic(
      .requiredMissing,
      "\(plan.target.name) requires `\(target.leaf.name)` on \(plan.shape), and this record has \(failed ? "none that converts" : "nothing for it")",
      at: place, labels: [.init(field.place)],
      help: canonical.map { "`--set \($0)=VALUE` supplies it where it is missing; `--max-rejects N --rejects FILE` sets such records aside" },
      disposition: .reject)
  }

  static func notConvertible(
    field: String, value: [UInt8], plan: Plan, failure: RecordState.Failure, at place: Diagnostic.DataPlace,
    disposition: Disposition, showsValues: Bool = false
  ) -> Diagnostic {
    let system = failure.side == .source ? plan.source : plan.target
    let index = failure.side == .source ? plan.sourceLeaves[failure.leaf].field : plan.targetLeaves[failure.leaf].leaf.field
    let rule = system.fields[index]
    let what =
      rule.transforms.first.map { "as `\($0.name)`" } ?? "as \(rule.type.rawValue)"
    return Diagnostic(
      .notConvertible, "\(shown(value, isSecret: rule.isSecret, inFull: showsValues)) does not convert \(what) for `\(field)` of \(system.name)",
      at: place, labels: [.init(rule.place)], help: cure(rule, plan, disposition), disposition: disposition)
  }

  private static func cure(_ field: Field, _ plan: Plan, _ disposition: Disposition) -> String {
    switch field.transforms.first?.name {
    case "country": "countries are ISO 3166 codes and English names, without a guess; correct the value in the source"
    case "currency": "a currency is its ISO 4217 code of three letters; correct the value in the source"
    case "region": "the region must be listed for the record's country, which must be known too"
    case "choice": "the mapping lists the accepted spellings"
    case "labelled": "the table has no label for this code"
    default:
      disposition == .reject
        ? "correct the value in the source"
        : field.onFail == .keep ? "it is written as it is, as the mapping asks" : "it is left out of the output, and parked"
    }
  }

  static func labelWithoutCode(value: [UInt8], at place: Diagnostic.DataPlace, showsValues: Bool = false) -> Diagnostic {
    Diagnostic(
      .labelWithoutCode, "\(shown(value, inFull: showsValues)) has no code at its end", at: place,
      help: "the text is kept; a code is three capitals behind the last ` - `", disposition: .warning)
  }

  static func literalEscape(value: String, at place: Diagnostic.DataPlace) -> Diagnostic {
    Diagnostic(
      .literalEscape, "this text holds \(value)", at: place,
      help: "it is kept as it is; whoever wrote it may have meant an empty value or a line break", disposition: .warning)
  }

  static func damagedNumber(
    _ value: [UInt8], hasExponent: Bool, at place: Diagnostic.DataPlace, isSecret: Bool = false, showsValues: Bool = false
  ) -> Diagnostic {
    Diagnostic(
      .damagedNumber,
      (hasExponent ? "this text is a bare number with an exponent: " : "this code is a bare number, too short by its leading zeros: ")
        + shown(value, isSecret: isSecret, inFull: showsValues),
      at: place, help: "it stays as it is; whoever exported it took a text for a number, so look there for what it was",
      disposition: .warning)
  }

  static func unstructured(_ field: String, at place: Diagnostic.DataPlace) -> Diagnostic {
    Diagnostic(
      .unstructured, "nothing in this `\(field)` is certain", at: place,
      help: "it stays one text; `Mappings/README.md`, \"Free text\", has the rules", disposition: .warning)
  }

  static func damagedNative(at place: Diagnostic.DataPlace) -> Diagnostic {
    Diagnostic(
      .damagedNative, "`native` of this record is not what Crosswalk writes there", at: place,
      help: "what it kept for the record's own system cannot come back; programs between must leave `system` and `native` as they are",
      disposition: .warning)
  }

  static func duplicateId(_ id: [UInt8], at place: Diagnostic.DataPlace) -> Diagnostic {
    Diagnostic(
      .duplicateId, "the id `\(excerpt(id))` stands in more than one record", at: place,
      help: "both are converted; check whether one is a copy", disposition: .warning)
  }

  static func clash(
    _ value: [UInt8], field leaf: MappedLeaf, system: System, at place: Diagnostic.DataPlace, showsValues: Bool
  ) -> Diagnostic {
    let field = system.fields[leaf.field]
    return Diagnostic(
      .clash, "\(shown(value, isSecret: field.isSecret, inFull: showsValues)) stands in more than one record, and `\(leaf.name)` of \(system.name) is unique",
      at: place, labels: [.init(field.place)], help: "both are converted; \(system.name) will refuse the second", disposition: .warning)
  }

  static func unknownField(_ path: String, system: String, at place: Diagnostic.DataPlace) -> Diagnostic {
    Diagnostic(
      .unmappedField, "`\(path)` is no field of \(system), whose mapping rejects records with unknown ones", at: place,
      help: "name the field in client.yaml, or say `unmapped: park`", disposition: .reject)
  }

  static func tooManyUnknown(_ count: Int, limit: Int, at place: Diagnostic.DataPlace) -> Diagnostic {
    Diagnostic(
      .tooManyUnknown, "a record has \(count) members that no mapping names, more than \(limit)", at: place,
      help: "`--max-unknown` raises the limit", disposition: .reject)
  }

  /// - map: the file of ids, when there is one.
  static func foreignId(system: String, id: [UInt8]? = nil, map: String? = nil, at place: Diagnostic.DataPlace) -> Diagnostic {
    if let map {
      return Diagnostic(
        .foreignId, id.map { "the id `\(excerpt($0))` is not in `\(map)`" } ?? "this record has no id to look for in `\(map)`",
        at: place, help: "add its line, source_id,target_id; or set such records aside with `--max-rejects N --rejects FILE`",
        disposition: .reject)
    }
    return Diagnostic(
      .foreignId, "this record was not written by \(system), so its id is not \(system)'s own", at: place,
      help: "an update needs the target's ids: `--ids MAP.csv` with source_id,target_id", disposition: .reject)
  }

  static func noMatch(source: String, system: String, format: Format, candidates: [String], isNDJSON: Bool) -> Diagnostic {
    var help = "`crosswalk systems \(system)` shows its shapes and fields"
    if !candidates.isEmpty { help = "the fields are those of \(candidates.map { "`\($0)`" }.joined(separator: " or ")): say `--from \(candidates[0])`" }
    if isNDJSON { help = "one object a line is NDJSON: say `\(system):ndjson`" }
    return Diagnostic(
      .noShape, "nothing in `\(source)` is a record of \(system) in \(format)", at: .init(source: source), help: help)
  }

  static func errorReply(source: String, system: String, code: String?, message: String?) -> Diagnostic {
    let said = [code, message].compactMap { $0 }.joined(separator: ": ")
    return Diagnostic(
      .errorReply, "`\(source)` is an error reply of \(system)\(said.isEmpty ? "" : ": \(said)")", at: .init(source: source),
      help: "it holds no records to convert; ask the service again")
  }

  static func anotherList(source: String, system: String) -> Diagnostic {
    Diagnostic(
      .severalDocuments, "`\(source)` goes on behind its first document", at: .init(source: source),
      help: "NDJSON? say `\(system):ndjson`; a sequence of documents is read with `\(system):json`")
  }

  static func strayRecord(_ path: String, isRepeated: Bool, source: String, system: String) -> Diagnostic {
    Diagnostic(
      .noShape,
      isRepeated
        ? "`\(path)` stands twice around the records of `\(source)`"
        : "`\(path)` of `\(source)` holds what looks like another record of \(system), outside of the list of records",
      at: .init(source: source), help: "it would be lost, so nothing is written; take it out, or describe the shape in system.yaml")
  }

  static func envelopeTooLarge(source: String) -> Diagnostic {
    Diagnostic(.noShape, "what stands around the records of `\(source)` is larger than 1 MiB", at: .init(source: source))
  }

  static func recordTooLong(source: String, offset: Int, end: Int, limit: Int) -> Diagnostic {
    Diagnostic(
      .recordTooLong, "a record has more than \(limit) bytes", at: .init(source: source, bytes: offset..<end),
      help: "`--max-record` raises the limit, up to 64M", disposition: .reject)
  }

  static let parkedNowhere = Diagnostic(
    .parkedNowhere, "values without a place in the output are not kept anywhere",
    help: "`--residue FILE` keeps them, `-o FILE` does so by itself; `--residue none` says that it is meant", disposition: .warning)

  static func noFinalNewline(source: String) -> Diagnostic {
    Diagnostic(
      .noFinalNewline, "the last row of `\(source)` has no line end: the file may have been cut there",
      at: .init(source: source), help: "compare its end with the original; a line end behind the last row stops this warning",
      disposition: .warning)
  }

  /// The first few names, and how many more there are.
  static func list(_ names: [String], atMost count: Int = 6) -> String {
    names.prefix(count).map { "`\($0)`" }.joined(separator: ", ") + (names.count > count ? " and \(names.count - count) more" : "")
  }

  static func missingColumns(_ names: [String], restoring residue: String, source: String) -> Diagnostic {
    Diagnostic(
      .missingColumns, "`\(source)` has no column \(Messages.list(names)), which the way there wrote", at: .init(source: source),
      help: "what stood there counts as taken out; if a program dropped columns, put them back before `--restore \(residue)`",
      disposition: .warning)
  }

  static func missingColumn(_ name: String, beside other: String, source: String) -> Diagnostic {
    Diagnostic(
      .missingColumns, "`\(source)` has a column `\(other)` and no column `\(name)`", at: .init(source: source),
      help: "what only a record's own system has a place for stands in the two together, and cannot come back without both",
      disposition: .warning)
  }

  /// A short piece of a value, one line, cut at a character.
  /// A value of the data, for a title: short unless all of it was asked for, and never a secret.
  private static func shown(_ value: [UInt8], isSecret: Bool = false, inFull: Bool) -> String {
    if isSecret { return "a secret value" }
    return inFull ? "`\(String(decoding: value, as: UTF8.self))`" : "`\(excerpt(value))`"
  }

  static func excerpt(_ value: [UInt8]) -> String {
    let text = String(decoding: value, as: UTF8.self)
    var out = ""
    for character in text.unicodeScalars.prefix(40) {
      out.unicodeScalars.append(character.value < 0x20 || character.value == 0x7f ? " " : character)
    }
    return text.unicodeScalars.count > 40 ? out + "…" : out
  }
}
