import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

extension Run {
  /// What a residue depends on (SEMANTICS S8): the mapping files of both systems, the tables they look up, the systems' options,
  /// and the format and shape that were written. `--set` does not count: the lines say what it gave. Nor does the format that
  /// comes back, whose paths are those of the mapping in all of them.
  static func mapHash(
    from source: System, to target: System, format: Format, shape: Shape, library: MappingLibrary, options: [String: [String: String]]
  ) -> [UInt8] {
    var hash = Fingerprint.seed
    for name in [source.name, target.name, CanonicalModel.name] {
      for bytes in library.sources(of: name) { (bytes ?? []).withUnsafeBufferPointer { Fingerprint.add($0, to: &hash) } }
    }
    for system in [source, target] {
      for option in system.options {
        Fingerprint.add("\(system.name).\(option.name)=\(options[system.name]?[option.name] ?? option.value)".utf8, to: &hash)
      }
    }
    for name in Set(source.tableNames + target.tableNames).sorted() {
      guard let bytes = try? library.table(name) else { continue }
      Fingerprint.add("\(name) \(bytes.count)".utf8, to: &hash)
      bytes.withUnsafeBytes { Fingerprint.add(words: $0, to: &hash) }
    }
    Fingerprint.add("\(format.isJSON ? .json : format) \(shape)".utf8, to: &hash)
    return Fingerprint.text(hash)
  }

  /// The shape that the residue's records were written in; nil when nothing is restored.
  func restoredShape(from format: Format) throws(Diagnostic) -> Shape? {
    guard let restorer else { return nil }
    // A record of our own brings back by itself what it holds, where no line says more.
    if source.name == CanonicalModel.name, try restorer.file.first() == nil { return nil }
    var hashes: [(shape: Shape, hash: [UInt8])] = []
    for shape in Shape.allCases {
      hashes.append(
        (shape, Run.mapHash(from: target, to: source, format: format, shape: shape, library: library, options: settings.options)))
    }
    return try restorer.shape(among: hashes) ?? .list
  }

  func finishRestoring() throws(Diagnostic) {
    guard let restorer else { return }
    let isWhole = job.only.isEmpty && !isLimited
    try restorer.finish(isWhole: isWhole) { say($0) }
    if isWhole { try placeSurroundings() }
    summary.restored = restorer.counts
  }

  /// Names of `--match`, of the system that goes there and comes back: its fields, or what they mean.
  static func matchLeaves(_ names: [String], of system: System) throws(Diagnostic) -> [String] {
    var leaves: [String] = []
    for name in names {
      let found = system.fields.first { $0.name == name } ?? system.fields.first { field in
        if case .canonical(name) = field.meaning { true } else { false }
      }
      guard let found else {
        throw Diagnostic(
          .unknownField, "\(system.name) has no field `\(name)`",
          help: nearestNameHelp(name, among: system.fields.map(\.name)) ?? "`crosswalk systems \(system.name)` lists its fields")
      }
      leaves.append(found.name)
    }
    return leaves
  }
}

extension BatchWorker {
  /// Members of a residue line that help restoring: originals of values that may not come back once they are edited, what `--set` gave, what derived values were derived from, the values of
  /// `--match`, who wrote a canonical record.
  func writeAids(_ findings: ReturnTrip.Findings, _ side: inout OutputBuffer) {
    var first = true
    for entry in findings.aids {
      if first { side.append(#","ifRefused":{"#) }
      member(entry.path, first: &first, to: &side)
      literal(entry.value, to: &side)
    }
    if !first { side.append("}") }
    if plan.targetId.isBlank {
      side.append(#","leaves":["#)
      for (index, fingerprint) in plan.targetFingerprints.enumerated() {
        if index > 0 { side.append(UInt8(ascii: ",")) }
        append(fingerprint, to: &side)
      }
      side.append("]")
    }
    first = true
    for (name, value) in plan.filledFields {
      if first { side.append(#","set":{"#) }
      member(Array(name.utf8), first: &first, to: &side)
      literal(value, to: &side)
    }
    if !first { side.append("}") }
    first = true
    for entry in findings.entries where entry.isParked {
      guard let fingerprint = plan.basesFingerprint(entry.leaf) else { continue }
      if first { side.append(#","bases":{"#) }
      member(entry.path, first: &first, to: &side)
      fingerprint.withUnsafeBufferPointer { JSONText.appendString($0, to: &side) }
    }
    if !first { side.append("}") }
    first = true
    for name in rules.match {
      guard let leaf = plan.sourceLeaves.first(where: { $0.name == name }) else { continue }
      if first { side.append(#","match":{"#) }
      member(Array(name.utf8), first: &first, to: &side)
      literal(plan.frame.slots[leaf.register], to: &side)
    }
    if !first { side.append("}") }
    let replaced = plan.replacedLeaves
    for (side_, member_) in [(RecordState.Side.source, "read"), (.target, "write")] where replaced.contains(where: { $0.side == side_ }) {
      side.append(replaced.contains { $0.side == .source } && side_ == .target ? "," : #","use":{"#)
      append(member_, to: &side)
      side.append(":{")
      var isFirst = true
      for one in replaced where one.side == side_ {
        member(Array(one.name.utf8), first: &isFirst, to: &side)
        one.use.spelt.withUnsafeBufferPointer { JSONText.appendString($0, to: &side) }
      }
      side.append("}")
    }
    if !replaced.isEmpty { side.append("}") }
    if plan.isOfCanonical {
      side.append(#","system":"#)
      literal(plan.owner, to: &side)
    }
  }

  /// What became of the record that was restored last.
  func sayRestored(_ place: (String?) -> Diagnostic.DataPlace, _ note: (Diagnostic) -> Void) {
    guard let restoration = plan.restoration, restoration.line != nil else { return }
    let outcome = restoration.outcome
    for leaf in outcome.merged {
      let name = plan.sourceLeaves[leaf].name
      note(Messages.mergedEdit(name, at: place(name)))
    }
    for leaf in outcome.refused {
      let name = plan.sourceLeaves[leaf].name
      note(
        Messages.editNotExpressible(
          name, isNeighbours: outcome.following.contains(leaf), system: plan.target.name, at: place(name), disposition: .warning))
    }
    for name in outcome.stale { note(Messages.staleDerived(name, at: place(nil))) }
  }
}

extension Messages {
  static func editNotExpressible(
    _ name: String, isNeighbours: Bool = false, system: String, at place: Diagnostic.DataPlace, disposition: Disposition
  ) -> Diagnostic {
    Diagnostic(
      .editNotExpressible,
      isNeighbours
        ? "`\(name)` does not fit a value beside it that was edited, and \(system) cannot hold both"
        : "`\(name)` was edited, and \(system) cannot hold the new value", at: place,
      help: disposition == .reject
        ? "`--on-edit keep` writes the record with what it had before" : "what \(system) had before the edit stays, where there was something",
      disposition: disposition)
  }

  static func mergedEdit(_ name: String, at place: Diagnostic.DataPlace) -> Diagnostic {
    Diagnostic(
      .mergedEdit, "`\(name)` holds several values and was edited", at: place,
      help: "values whose lines still stand were kept, a line in the place of one value is its new text, the rest went to the notes",
      disposition: .warning)
  }

  static func staleDerived(_ name: String, at place: Diagnostic.DataPlace) -> Diagnostic {
    Diagnostic(
      .staleDerived, "`\(name)` is derived from values that were edited, and was not brought back", at: place,
      help: "the system works it out again from the new values", disposition: .warning)
  }
}
