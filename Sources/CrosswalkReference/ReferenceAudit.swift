import CrosswalkFormats
package import CrosswalkModel

/// Holds what was written of a record against its source, by the mapping files alone (SEMANTICS section 4).
///
/// 1. There: the record as it stood is read and written again; the bytes that were written must hold the same leaves.
/// 2. What the way there leaves behind is what the residue line has.
/// 3. Back: the written bytes are read, brought back, and the residue laid over them; the source's leaves must come out.
///
/// Without a residue only the first is asked. Of a record that a residue was brought back into, what comes back is not worked out a
/// second time: its bytes must be readable, and hold nothing that neither the record nor its line has.
package struct ReferenceAudit: Sendable {
  package var conversion: ReferenceConversion
  package var input: Format
  package var output: Format

  package init(_ conversion: ReferenceConversion, input: Format, output: Format) {
    self.conversion = conversion
    self.input = input
    self.output = output
  }

  package struct Sample: Sendable {
    package var source: ReferencePiece
    package var written: ReferencePiece
    /// The residue line; nil when the record left nothing behind.
    package var line: Tree?
    package var keepsResidue = true
    /// What a residue brought back into the record; nil where none was asked for.
    package var restored: Restored?

    package init(
      source: ReferencePiece, written: ReferencePiece, line: Tree? = nil, keepsResidue: Bool = true, restored: Restored? = nil
    ) {
      self.source = source
      self.written = written
      self.line = line
      self.keepsResidue = keepsResidue
      self.restored = restored
    }
  }

  package struct Restored: Sendable {
    /// The leaves of the line, parked ones and originals.
    package var leaves: [Tree.Member]
    /// Leaves that the way back would invent.
    package var extra: [[UInt8]]
    /// Fields of the system that is read → the number of the fallback, from 1.
    package var via: [String: Int]
    /// Edits were taken apart or refused: then values stand there that neither side has.
    package var hasOddEdits: Bool

    package init(leaves: [Tree.Member] = [], extra: [[UInt8]] = [], via: [String: Int] = [:], hasOddEdits: Bool = false) {
      self.leaves = leaves
      self.extra = extra
      self.via = via
      self.hasOddEdits = hasOddEdits
    }
  }

  package struct Difference: Error, Sendable, Equatable {
    package enum Side: Sendable, Equatable {
      /// What was written.
      case written
      /// The member of the residue line.
      case residue(String)
      /// What comes back.
      case back
    }

    package var side: Side
    /// Of the leaf; empty when it is the record.
    package var path: [UInt8]
    /// What stands there, as JSON has it; nil where nothing does.
    package var expected: Tree?
    package var found: Tree?
    /// In place of both: why the record could not be followed.
    package var reason: String?
    package var isSecret = false
  }

  /// The first difference; nil when both agree.
  package func difference(_ sample: Sample) -> Difference? {
    var secrets = Secrets()
    do throws(Difference) {
      try judge(sample, &secrets)
      return nil
    } catch {
      var difference = error
      difference.isSecret = secrets.hide(difference)
      return difference
    }
  }

  private func judge(_ sample: Sample, _ secrets: inout Secrets) throws(Difference) {
    let source: Tree
    do throws(ReferenceError) {
      source = try conversion.from.record(in: sample.source, format: input)
    } catch {
      throw failure("the source is no record to it (\(Self.words(error)))")
    }
    if let restored = sample.restored { return try judgeRestored(source, sample.written, restored, &secrets) }
    let converted: ReferenceConversion.Converted
    do throws(ReferenceReject) {
      converted = try conversion.convert(source, input, to: output, keepsResidue: sample.keepsResidue)
    } catch {
      throw failure("it refuses the record (`\(error.field)`: \(Self.words(error.why)))")
    }
    secrets = Secrets(converted, conversion, input, output)
    let written: Tree
    do throws(ReferenceError) {
      written = try conversion.to.content(of: sample.written, format: output)
    } catch {
      throw failure("what was written is no \(output) (\(Self.words(error)))")
    }
    let expected: Tree
    do throws(ReferenceError) {
      let piece = try conversion.to.piece(of: converted.target.tree, shape: conversion.shape, format: output)
      expected = try conversion.to.content(of: piece, format: output)
    } catch {
      throw failure("it cannot write the record (\(Self.words(error)))")
    }
    if conversion.to.isCanonical {
      let both = (conversion.comparable(expected, output, of: input), conversion.comparable(written, output, of: input))
      try compare(both.0, both.1, [], isCell: output == .csv)
    } else {
      try compare(expected, written, [], isCell: output == .csv)
    }
    guard sample.keepsResidue else { return }
    // Out of a payload of our own nothing comes back but its fields: derived values stay out, and nobody reads it again.
    if conversion.to.isCanonical, conversion.shape == .create || conversion.shape == .update { return }
    // What the target itself had left in a canonical record came back into it: then the way back is another one.
    let cameBack = conversion.from.isCanonical && !conversion.to.isCanonical && converted.canonical.native != nil
    let line = sample.line.map { conversion.from.undeclared(line: conversion.from.settlingNames($0), input) }
    if let difference = converted.residue.differences(from: line, parkedOnly: cameBack).first {
      throw Difference(
        side: .residue(difference.part), path: difference.path, expected: difference.expected, found: difference.found)
    }
    if cameBack { return }
    try compareWayBack(written, converted, line)
  }

  private func failure(_ reason: String) -> Difference { Difference(side: .written, path: [], reason: reason) }

  // MARK: Leaf by leaf

  private func compare(_ expected: Tree?, _ found: Tree?, _ path: [UInt8], isCell: Bool = false) throws(Difference) {
    if expected == found { return }
    switch (expected, found) {
    case (.object?, .text?) where output == .xml:
      try compare(expected, .object([.init(XMLNode.textName, found ?? .null)]), path)
    case (.text?, .object?) where output == .xml:
      try compare(.object([.init(XMLNode.textName, expected ?? .null)]), found, path)
    case (.object(let a)?, .object(let b)?) where !a.isEmpty || !b.isEmpty:
      for name in a.map(\.name) + b.map(\.name).filter({ name in !a.contains { $0.name == name } }) {
        var inner = path
        if isCell { inner = name } else { PathText.append(name, to: &inner) }
        try compare(a.first { $0.name == name }?.value, b.first { $0.name == name }?.value, inner)
      }
      guard Set(b.map(\.name)).count == b.count else { throw failure("what was written has a name twice") }
    case (.array(let left)?, .array(let right)?) where !left.isEmpty || !right.isEmpty:
      let (a, b) = (Self.inOrder(left), Self.inOrder(right))
      for index in 0..<max(a.count, b.count) {
        var inner = path
        PathText.append(index: index, to: &inner)
        try compare(index < a.count ? a[index] : nil, index < b.count ? b[index] : nil, inner)
      }
    default: throw Difference(side: .written, path: path, expected: expected, found: found)
    }
  }

  /// Values that stand beside their paths (`native` in XML) have no order that says anything.
  private static func inOrder(_ items: [Tree]) -> [Tree] {
    let paths = items.compactMap { try? $0["@path"]?.characters() }
    guard paths.count == items.count else { return items }
    return zip(paths, items).sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
  }

  // MARK: Back

  /// The source's leaves out of what was written and what the residue line has.
  private func compareWayBack(
    _ written: Tree, _ converted: ReferenceConversion.Converted, _ line: Tree?
  ) throws(Difference) {
    let record: Tree
    do throws(ReferenceError) {
      record = try conversion.to.unwrapped(written, shape: conversion.shape, format: output)
    } catch {
      throw Difference(side: .back, path: [], reason: "what was written is no record of its system (\(Self.words(error)))")
    }
    var back: [[UInt8]: Tree]
    do throws(ReferenceReject) {
      back = conversion.to.isCanonical ? try backFromCanonical(record, converted.target) : try leavesBack(record, via: converted.residue.via)
    } catch {
      throw Difference(
        side: .back, path: Array(error.field.utf8), reason: "what was written does not come back (\(Self.words(error.why)))")
    }
    for (path, _) in ReferenceResidue.paths(line?["extra"]) { back[path] = nil }
    for (path, value) in ReferenceResidue.members(line?["parked"]) + ReferenceResidue.members(line?["original"]) {
      back[path] = value
    }
    var source = Dictionary(converted.canonical.leaves.map { ($0.path, $0.value) }) { first, _ in first }
    // A name comes back in the mapping's spelling.
    if conversion.from.ignoresCase {
      func settled(_ leaves: [[UInt8]: Tree]) -> [[UInt8]: Tree] {
        let paths = Set(leaves.keys)
        return Dictionary(leaves.map { (conversion.from.settledAttribute($0.key, among: paths), $0.value) }) { first, _ in first }
      }
      if input == .xml { (source, back) = (settled(source), settled(back)) }
      for path in Set(source.keys).union(back.keys) where path.suffix(XMLNode.orderName.count) == XMLNode.orderName[...] {
        if case .text(let names)? = source[path] { source[path] = .text(ReferenceSystem.small(names)) }
        if case .text(let names)? = back[path] { back[path] = .text(ReferenceSystem.small(names)) }
      }
    }
    let paths = Set(source.keys)
    /// Canonical's own members; what `native` has and the format no place for is parked on the way back.
    func staysBehind(_ path: [UInt8]) -> Bool {
      if path.starts(with: Self.native) || conversion.from.isCanonical && Self.meta.contains(path) { return true }
      guard conversion.to.isCanonical, input == .xml, let value = source[path] else { return false }
      return !conversion.from.takes(value, at: path, input, among: paths)
    }
    for path in paths.union(back.keys).sorted(by: { $0.lexicographicallyPrecedes($1) })
    where source[path] != back[path] && !staysBehind(path) {
      throw Difference(side: .back, path: path, expected: source[path], found: back[path])
    }
  }

  private static let native = Array("native.".utf8)
  private static let meta = [Array("system".utf8), Array("native".utf8)]

  private func leavesBack(_ record: Tree, via: [String: String] = [:]) throws(ReferenceReject) -> [[UInt8]: Tree] {
    let canonical = try conversion.to.read(record, format: output, via: conversion.to.composed(via))
    let back = try conversion.from.write(canonical, shape: .list, format: input)
    return Dictionary(back.leaves.map { ($0.path, $0.value) }) { first, _ in first }
  }

  /// A canonical record brings back by itself what it holds: also what it was supplied with.
  private func backFromCanonical(_ record: Tree, _ target: ReferenceRecord) throws(ReferenceReject) -> [[UInt8]: Tree] {
    if conversion.from.isCanonical { return try leavesBack(record) }
    var own = record
    for leaf in target.leaves where leaf.isSupplied { own = own.without(PathStep.parse(leaf.field) ?? []) }
    let back = try ReferenceConversion(from: conversion.to, to: conversion.from).convert(own, output, to: input)
    let canonical = try conversion.from.read(writtenAndRead(back.target.tree), format: input)
    return Dictionary(canonical.leaves.map { ($0.path, $0.value) }) { first, _ in first }
  }

  /// Elements have their prefixes' declarations on themselves only when they were read.
  private func writtenAndRead(_ record: Tree) -> Tree {
    guard input == .xml, let document = try? conversion.from.document(of: [record], shape: .list, format: input),
      case .success(let read)? = try? conversion.from.documents(in: document, format: input).records.first
    else { return record }
    return read
  }

  // MARK: Restored

  /// Each mapped leaf that was written is what the record gives or what the line has, and what the record gives stands there unless
  /// the line says otherwise.
  private func judgeRestored(
    _ source: Tree, _ piece: ReferencePiece, _ restored: Restored, _ secrets: inout Secrets
  ) throws(Difference) {
    let written: Tree
    do throws(ReferenceError) {
      let whole = try conversion.to.content(of: piece, format: output)
      written = try conversion.to.unwrapped(whole, shape: conversion.shape, format: output)
    } catch {
      throw failure("what was written is no \(output) of its system (\(Self.words(error)))")
    }
    // What canonical's `native` and its residue bring back together is not worked out here.
    if restored.hasOddEdits || conversion.from.isCanonical { return }
    let forward: ReferenceConversion.Converted
    let leaves: [ReferenceCanonical.Leaf]
    do throws(ReferenceReject) {
      var via: [String: String] = [:]
      for (name, leg) in restored.via {
        guard let field = conversion.from.fields.first(where: { $0.name == name }), field.legs.indices.contains(leg - 1) else { continue }
        via[name] = field.legs[leg - 1].name
      }
      let canonical = try conversion.from.read(source, format: input, via: via)
      let target = try conversion.to.write(canonical, shape: conversion.shape, format: output, set: conversion.set)
      forward = .init(source: source, canonical: canonical, target: target, residue: ReferenceResidue())
      leaves = try conversion.to.read(written, format: output).leaves
    } catch {
      throw failure("it refuses the record (`\(error.field)`: \(Self.words(error.why)))")
    }
    secrets = Secrets(forward, conversion, input, output)
    let given = Dictionary(forward.target.leaves.map { ($0.path, $0) }) { first, _ in first }
    let line = Dictionary(restored.leaves.map { ($0.name, $0.value) }) { first, _ in first }
    for leaf in leaves where leaf.field != nil && !leaf.feeds.contains("id") {
      // In front of another element of its list it says nothing.
      if leaf.value.isBlank, PathStep.parse(String(decoding: leaf.path, as: UTF8.self))?.contains(where: \.isIndex) ?? false { continue }
      if isSame(given[leaf.path]?.value, leaf.value) || isSame(line[leaf.path], leaf.value) { continue }
      throw Difference(side: .written, path: leaf.path, expected: given[leaf.path]?.value ?? line[leaf.path], found: leaf.value)
    }
    let there = Set(leaves.map(\.path))
    for leaf in forward.target.leaves where !there.contains(leaf.path) && !leaf.value.isBlank && !leaf.from.contains("id") {
      if restored.extra.contains(leaf.path) || line[leaf.path] != nil { continue }
      throw Difference(side: .written, path: leaf.path, expected: leaf.value, found: nil)
    }
  }

  /// The same literal, whatever kind a format without kinds makes of it.
  private func isSame(_ expected: Tree?, _ found: Tree) -> Bool {
    guard let expected else { return false }
    if expected == found { return true }
    guard output.isUntyped, let text = try? expected.characters() else { return false }
    return (try? found.characters()) == text
  }

  // MARK: Words

  private static func words(_ error: ReferenceError) -> String {
    switch error {
    case .mapping(let key, let place): "`\(key)` at \(place)"
    case .format(let reason, let offset): "\(reason) at byte \(offset)"
    case .unrecognised: "no shape of the system's fits"
    case .reply: "a reply"
    case .noIds: "no ids"
    case .noTemplate: "no template"
    }
  }

  private static func words(_ why: ReferenceReject.Why) -> String {
    switch why {
    case .missing: "required, and not there"
    case .failed: "required, and its value does not convert"
    case .duplicateName: "a name twice"
    case .repeatedElement: "an element twice"
    case .notARecord: "no record"
    case .malformed(let reason): "\(reason)"
    case .unmapped: "no field of the system"
    case .noId: "not in the map of ids"
    }
  }
}

extension Tree {
  /// Without the member at a path of names, or the column of that name.
  fileprivate func without(_ path: [PathStep]) -> Tree {
    guard case .object(let members) = self, case .name(let name)? = path.first else { return self }
    let whole = Array(PathStep.text(path).utf8)
    return .object(
      members.compactMap { member in
        if member.name == whole { return nil }
        guard path.count > 1, member.name.elementsEqual(name.utf8) else { return member }
        return Tree.Member(member.name, member.value.without(Array(path.dropFirst())))
      })
  }
}

/// What no message may show of a record.
private struct Secrets {
  private var texts: [[UInt8]] = []
  private var paths: Set<[UInt8]> = []

  init() {}

  init(_ converted: ReferenceConversion.Converted, _ conversion: ReferenceConversion, _ input: Format, _ output: Format) {
    var names: Set<String> = []
    for (system, format) in [(conversion.from, input), (conversion.to, output)] {
      for field in system.fields where field.isSecret {
        names.formUnion(field.canonicalNames)
        for place in system.places(of: field, format) {
          paths.insert(place.identity)
          for path in place.paths { paths.insert(Array(PathStep.text(path).utf8)) }
        }
      }
    }
    guard !paths.isEmpty else { return }
    for leaf in converted.canonical.leaves where paths.contains(leaf.path) || !leaf.feeds.isDisjoint(with: names) {
      paths.insert(leaf.path)
      add(leaf.value)
    }
    for leaf in converted.target.leaves where paths.contains(leaf.path) || !leaf.from.isDisjoint(with: names) {
      paths.insert(leaf.path)
      add(leaf.value)
    }
  }

  private mutating func add(_ value: Tree) {
    if value.isContainer { return texts.append(TreeWriter.json(value)) }
    if let text = try? value.characters(), !text.isEmpty { texts.append(text) }
  }

  /// Its path is a secret's (under whatever wrapper), or one of the values has some of a secret in it.
  func hide(_ difference: ReferenceAudit.Difference) -> Bool {
    let isNamed = paths.contains { path in
      difference.path == path || difference.path.suffix(path.count + 1) == ([UInt8(ascii: ".")] + path)[...]
    }
    return isNamed || [difference.expected, difference.found].contains { shares($0) }
  }

  private func shares(_ value: Tree?) -> Bool {
    guard let value else { return false }
    let shown = TreeWriter.json(value)
    return texts.contains { secret in
      let run = min(4, secret.count)
      guard run > 0, shown.count >= run else { return false }
      let pieces = Set((0...(secret.count - run)).map { Array(secret[$0..<($0 + run)]) })
      return (0...(shown.count - run)).contains { pieces.contains(Array(shown[$0..<($0 + run)])) }
    }
  }
}
