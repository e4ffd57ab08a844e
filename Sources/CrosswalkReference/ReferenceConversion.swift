import CrosswalkFormats
package import CrosswalkModel

/// What a conversion leaves behind of one record (SEMANTICS S8).
package struct ReferenceResidue: Sendable, Equatable {
  package struct Entry: Sendable, Equatable {
    package var path: [UInt8]
    package var value: Tree

    package init(path: [UInt8], value: Tree) {
      self.path = path
      self.value = value
    }
  }

  /// Leaves that stand nowhere in the target, and why.
  package var parked: [Entry] = []
  package var why: [ReferenceWhy] = []
  /// Leaves that stand in the target, but that the way back lacks or has differently.
  package var original: [Entry] = []
  /// Leaves that the way back would invent.
  package var extra: [[UInt8]] = []
  /// Target leaves without a source.
  package var supplied: [[UInt8]] = []
  /// Target fields filled along a fallback leg.
  package var via: [String: String] = [:]
  package var sourceId: Tree?
  package var targetId: Tree?

  package init() {}

  package var isEmpty: Bool { parked.isEmpty && original.isEmpty && extra.isEmpty && supplied.isEmpty && via.isEmpty }

  /// The members of a residue line that depend on the record alone.
  package var tree: Tree {
    func object(_ entries: [Entry]) -> Tree { .object(entries.map { .init($0.path, $0.value) }) }
    var members: [Tree.Member] = []
    if let sourceId { members.append(.init("sourceId", sourceId)) }
    if let targetId { members.append(.init("targetId", targetId)) }
    members.append(.init("parked", object(parked)))
    members.append(.init("original", object(original)))
    members.append(.init("extra", .array(extra.map { .text($0) })))
    members.append(.init("supplied", .array(supplied.map { .text($0) })))
    members.append(.init("via", .object(via.sorted { $0.key < $1.key }.map { .init($0.key, .text($0.value)) })))
    return .object(members)
  }
}

/// Records of one system in another one's shape and format, step by step as the rules say.
package struct ReferenceConversion: Sendable {
  package var from: ReferenceSystem
  package var to: ReferenceSystem
  package var shape: Shape
  /// `--set`.
  package var set: [String: Tree]
  /// Source id → target id, for updates.
  package var ids: [[UInt8]: [UInt8]]?

  package init(
    from: ReferenceSystem, to: ReferenceSystem, shape: Shape = .list, set: [String: Tree] = [:],
    ids: [[UInt8]: [UInt8]]? = nil
  ) {
    self.from = from
    self.to = to
    self.shape = shape
    self.set = set
    self.ids = ids
  }

  package struct Output: Sendable {
    package var bytes: [UInt8] = []
    /// One of each a record that was converted.
    package var records: [Converted] = []
    /// Place in the input → why the record was refused.
    package var rejects: [(record: Int, reject: ReferenceReject)] = []
    package var acknowledgements: [String?] = []
    package var hasMore = false
  }

  package struct Converted: Sendable {
    package var source: Tree
    package var canonical: ReferenceCanonical
    package var target: ReferenceRecord
    package var residue: ReferenceResidue
  }

  package func convert(_ bytes: [UInt8], _ format: Format, to output: Format) throws(ReferenceError) -> Output {
    let input = try from.documents(in: bytes, format: format)
    var result = Output(acknowledgements: input.acknowledgements, hasMore: input.hasMore)
    for (index, record) in input.records.enumerated() {
      do throws(ReferenceReject) {
        result.records.append(try convert(try record.get(), format, to: output))
      } catch {
        if error.why == .noId, ids == nil { throw .noIds }
        result.rejects.append((index, error))
      }
    }
    result.bytes = try to.document(of: result.records.map(\.target.tree), shape: shape, format: output)
    return result
  }

  /// - keepsResidue: what is left behind is asked for; `native` always is.
  package func convert(
    _ record: Tree, _ format: Format, to output: Format, keepsResidue: Bool = true
  ) throws(ReferenceReject) -> Converted {
    let canonical = try from.read(record, format: format)
    var target = try forward(canonical, shape, output)
    if !keepsResidue, !to.isCanonical, !from.isCanonical {
      return Converted(source: record, canonical: canonical, target: target, residue: ReferenceResidue())
    }
    var residue = residue(of: canonical, target, record, format, output)
    // A `system` that names none says nothing about the record.
    if let owner = canonical.owner, canonical.system == nil, !owner.isBlank {
      residue.parked.append(.init(path: Array("system".utf8), value: owner))
      residue.why.append(.noPlace)
    }
    if from.isCanonical, to.isCanonical, let native = canonical.native, format.carrier != output.carrier {
      parkForeign(native, format, &residue)
    }
    if to.isCanonical {
      target.tree = withMeta(target.tree, canonical, residue, format, output)
      // To canonical nothing is parked: what has no field stands in `native`.
      if !from.isCanonical { residue = ReferenceResidue() }
    } else if from.isCanonical, let native = canonical.native {
      target = restored(native, record, target, &residue, format, output)
    }
    return Converted(source: record, canonical: canonical, target: target, residue: residue)
  }

  /// Canonical values → the target's record, its own id in an update.
  private func forward(
    _ canonical: ReferenceCanonical, _ shape: Shape, _ format: Format
  ) throws(ReferenceReject) -> ReferenceRecord {
    var canonical = canonical
    if shape == .update, from.name != to.name, canonical.system != to.name, !to.isCanonical {
      guard let ids, let source = try? canonical.values["id"]?.characters(), let target = ids[source] else {
        throw ReferenceReject(why: .noId, field: "id")
      }
      canonical.values["id"] = .text(target)
    }
    return try to.write(canonical, shape: shape, format: format, set: set)
  }

  // MARK: Residue

  /// The leaves of a record by their paths.
  func leaves(_ canonical: ReferenceCanonical) -> [ReferenceResidue.Entry] {
    canonical.leaves.map { .init(path: $0.path, value: $0.value) }
  }

  private func residue(
    of canonical: ReferenceCanonical, _ target: ReferenceRecord, _ record: Tree, _ format: Format, _ output: Format
  ) -> ReferenceResidue {
    var residue = ReferenceResidue()
    residue.sourceId = canonical.values["id"].flatMap { $0.isBlank ? nil : $0 }
    residue.targetId = target.leaves.first { $0.from.contains("id") }?.value
    for leaf in target.leaves {
      if leaf.isSupplied, !leaf.value.isBlank { residue.supplied.append(leaf.path) }
      if let via = leaf.via { residue.via[leaf.field] = via }
    }
    // The way back, without `via`: the target is read as if it had always been there.
    let back = way(back: target.tree, output, format, via: to.composed(residue.via))
    let filled = set.keys.filter { canonical.isBlank($0) && !canonical.failed.contains($0) }
    let stands = Set(target.leaves.filter { !$0.isSupplied }.flatMap(\.from)).subtracting(filled)
    for leaf in canonical.leaves {
      if leaf.isAid {
        residue.original.append(.init(path: leaf.path, value: leaf.value))
      } else if leaf.feeds.isDisjoint(with: stands) || !leaf.parts.isSubset(of: stands) {
        // A text that was taken apart is in the residue alone with a part that stands nowhere.
        residue.parked.append(.init(path: leaf.path, value: leaf.value))
        residue.why.append(why(leaf, target, leaf.parts.subtracting(stands)))
      } else if back[leaf.path] != leaf.value {
        residue.original.append(.init(path: leaf.path, value: leaf.value))
      }
    }
    let mine = Set(canonical.leaves.map(\.path))
    residue.extra = back.keys.filter { !mine.contains($0) }.sorted { $0.lexicographicallyPrecedes($1) }
    return residue
  }

  /// The source system's leaves that a target record gives on its way back; none where it is no record.
  private func way(back target: Tree, _ output: Format, _ format: Format, via: [String: String] = [:]) -> [[UInt8]:
    Tree]
  {
    guard let canonical = try? to.read(target, format: output, via: via),
      let record = try? from.write(canonical, shape: .list, format: format)
    else { return [:] }
    return Dictionary(record.leaves.map { ($0.path, $0.value) }) { first, _ in first }
  }

  /// - lost: the parts of a text that stand nowhere.
  private func why(_ leaf: ReferenceCanonical.Leaf, _ target: ReferenceRecord, _ lost: Set<String>) -> ReferenceWhy {
    guard let field = from.fields.first(where: { $0.name == leaf.field }) else { return .noPlace }
    if leaf.value.isBlank { return .empty }
    if leaf.value.isContainer { return .failed }
    let meanings = Set(field.canonicalNames + (from.blockParts(of: field)?.values.sorted() ?? []))
    if let why = lacksPlace(meanings) { return !field.derived.isEmpty ? .derived : why }
    if !lost.isEmpty {
      let reasons = lost.map { part in
        lacksPlace([part]) ?? (target.failed.values.contains { $0.contains(part) } ? .failed : .taken)
      }
      return [.noPlace, .readOnly, .failed].first(where: reasons.contains) ?? .taken
    }
    if leaf.why == .failed { return .failed }
    if target.failed.values.contains(where: { !$0.isDisjoint(with: leaf.feeds) }) {
      return leaf.feeds.contains("id") ? .readOnly : .failed
    }
    return .taken
  }

  /// Why none of these canonical fields can stand in the shape; nil where one can.
  private func lacksPlace(_ meanings: Set<String>) -> ReferenceWhy? {
    let places = to.fields.filter { place in
      place.canonicalNames.contains(where: meanings.contains)
        || place.legs.contains { leg in
          switch leg {
          case .field(let name): meanings.contains(name)
          case .compose(let lines, _): lines.flatMap { ReferenceSystem.pieces($0).fields }.contains(where: meanings.contains)
          }
        }
    }
    let isPayload = shape == .create || shape == .update
    if places.contains(where: { $0.shapes.contains(shape) && !$0.isOneWay && ($0.derived.isEmpty || !isPayload) }) { return nil }
    return places.isEmpty ? .noPlace : .readOnly
  }

  func steps(_ path: [UInt8], _ format: Format) -> [PathStep]? {
    guard let text = String(validating: path, as: UTF8.self) else { return nil }
    return format.hasTrees ? PathStep.parse(text) : [.name(text)]
  }

  // MARK: Canonical's meta members

  /// `system` and `native` behind the values (SEMANTICS S12).
  private func withMeta(
    _ tree: Tree, _ canonical: ReferenceCanonical, _ residue: ReferenceResidue, _ inFormat: Format, _ format: Format
  ) -> Tree {
    guard case .object(var members) = tree else { return tree }
    func addMeta(_ name: String, blank value: Tree) {
      if value == .text([]) || format.isJSON {
        members.append(.init(name, value))
      } else if format == .xml, let null = to.nilAttribute {
        members.append(.init(name, .object([.init(null, .text("true"))])))
      }
    }
    if let system = canonical.system {
      members.append(.init("system", .text(system)))
    } else if canonical.owner == .null {
      addMeta("system", blank: .null)
    }
    if from.isCanonical {
      guard let native = canonical.native else { return .object(members) }
      if native.isBlank {
        addMeta("native", blank: native)
      } else if inFormat.carrier == format.carrier, Self.natives(native, inFormat)?.contains(where: { $0.foreign != nil }) ?? true {
        // None of ours, or not all of it: it stays as it stands.
        members.append(.init("native", native))
      } else if let ours = Self.natives(native, inFormat)?.filter({ $0.foreign == nil }), !ours.isEmpty {
        // In the notation of its format.
        members.append(.init("native", Self.written(ours, format)))
      }
      return .object(members)
    }
    // Fields in the mapping's order, then what no field names, in the record's.
    let kept = Set((residue.parked + residue.original).map(\.path))
    let order = from.fields.flatMap { from.places(of: $0, .json).map(\.identity) }
    let rank = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
    let entries = canonical.leaves.filter { kept.contains($0.path) }.enumerated().sorted { a, b in
      let (x, y) = (rank[a.element.path] ?? .max, rank[b.element.path] ?? .max)
      return x != y ? x < y : a.offset < b.offset
    }.map { ReferenceResidue.Entry(path: $0.element.path, value: $0.element.value) }
    let extra = residue.extra.sorted { (rank[$0] ?? .max) < (rank[$1] ?? .max) }
    if entries.isEmpty, residue.extra.isEmpty { return .object(members) }
    let native = Native(system: Array(from.name.utf8), entries: entries, extra: extra)
    members.append(.init("native", Self.written([native], format)))
    return .object(members)
  }

  /// What one system has in `native`.
  private struct Native {
    var system: [UInt8]
    var entries: [ReferenceResidue.Entry]
    /// Leaves that the way back would invent.
    var extra: [[UInt8]]
    /// How many of the leaves stand before those.
    var extraAt = Int.max
    /// What stands there in their place, and is none of ours.
    var foreign: Tree?
  }

  private static func written(_ natives: [Native], _ format: Format) -> Tree {
    guard format == .xml else {
      return .object(
        natives.map { native in
          var leaves = native.entries.map { Tree.Member($0.path, $0.value) }
          // No path is empty: under that name stand those of the leaves that the way back would invent.
          if !native.extra.isEmpty {
            leaves.insert(.init("", .array(native.extra.map { .text($0) })), at: min(native.extraAt, leaves.count))
          }
          return .init(native.system, .object(leaves))
        })
    }
    // One element a leaf: its path, its kind where it is no text.
    let elements = natives.map { native -> Tree in
      var leaves = native.entries.map { entry -> Tree in
        var leaf: [Tree.Member] = [.init("@path", .text(entry.path))]
        if let kind = Self.kind(entry.value) { leaf.append(.init("@kind", .text(kind))) }
        let text = entry.value.isContainer ? TreeWriter.json(entry.value) : (try? entry.value.characters()) ?? []
        return .object(text.isEmpty ? leaf : leaf + [.init("#text", .text(text))])
      }
      let absent = native.extra.map { Tree.object([.init("@path", .text($0)), .init("@kind", .text("absent"))]) }
      leaves.insert(contentsOf: absent, at: min(native.extraAt, leaves.count))
      return .object([.init("@system", .text(native.system)), .init("v", .array(leaves))])
    }
    return elements.count == 1 ? elements[0] : .array(elements)
  }

  /// `native` in the notation of a format; nil where it is none of ours.
  private static func natives(_ native: Tree, _ format: Format) -> [Native]? {
    switch native {
    case .text(let text):
      guard let tree = try? JSONReference.parse(text), case .object(let members) = tree else { return nil }
      return members.map(Self.native)
    case .object(let members) where format != .xml: return members.isEmpty ? nil : members.map(Self.native)
    case .object, .array:
      guard format == .xml else { return nil }
      let elements = if case .array(let all) = native { all } else { [native] }
      var natives: [Native] = []
      for element in elements {
        guard let native = Self.native(element: element) else { return nil }
        natives.append(native)
      }
      return natives
    case .null, .bool, .number: return nil
    }
  }

  /// What one system has, in JSON.
  private static func native(_ member: Tree.Member) -> Native {
    var native = Native(system: member.name, entries: [], extra: [], foreign: member.value)
    guard case .object(let leaves) = member.value, Set(leaves.map(\.name)).count == leaves.count else { return native }
    for (index, leaf) in leaves.enumerated() where leaf.name.isEmpty {
      native.extraAt = index
      guard case .array(let paths) = leaf.value else { return native }
      for path in paths {
        guard case .text(let text) = path else { return native }
        native.extra.append(text)
      }
    }
    native.entries = leaves.filter { !$0.name.isEmpty }.map { .init(path: $0.name, value: $0.value) }
    native.foreign = nil
    return native
  }

  /// The same in XML; nil for anything but what is written there.
  private static func native(element: Tree) -> Native? {
    func has(_ element: Tree, only names: [String]) -> Bool {
      guard case .object(let members) = element else { return false }
      return members.allSatisfy { member in names.contains { member.name.elementsEqual($0.utf8) } }
    }
    guard has(element, only: ["@system", "v"]), case .text(let name)? = element["@system"] else { return nil }
    let items = if case .array(let all)? = element["v"] { all } else { element["v"].map { [$0] } ?? [] }
    var native = Native(system: name, entries: [], extra: [])
    for item in items {
      guard has(item, only: ["@path", "@kind", "#text"]), let entry = Self.entry(item), !native.entries.contains(where: { $0.path == entry.path })
      else { return nil }
      if item["@kind"] == .text("absent"), item["#text"] ?? .text([]) == .text([]) {
        native.extra.append(entry.path)
        continue
      }
      let kind = item["@kind"] ?? .text([])
      guard kind == .text(Array((Self.kind(entry.value) ?? "").utf8)), entry.value != .null || item["#text"] ?? .text([]) == .text([])
      else { return nil }
      native.entries.append(entry)
    }
    return native
  }

  /// A canonical record, perhaps in its wrapper, with its `native` as two spellings of one have it in common, whatever the notation:
  /// its leaves have no order, and a declared kind is none (SEMANTICS S1, S16). Those from beside the record that was read are left out,
  /// for the interpreter sees records alone.
  func comparable(_ record: Tree, _ format: Format, of input: Format) -> Tree {
    guard case .object(let members) = record else { return record }
    if format == .xml, members.count == 1, case .object = members[0].value, members[0].name != Array("native".utf8) {
      return .object([.init(members[0].name, comparable(members[0].value, format, of: input))])
    }
    return .object(
      members.compactMap { member in
        guard member.name == Array("native".utf8) else { return member }
        guard let natives = Self.natives(member.value, format) else { return .init(member.name, from.undeclared(member.value, input)) }
        let systems = natives.compactMap { native -> Tree.Member? in
          if let foreign = native.foreign { return .init(native.system, foreign) }
          var leaves = native.entries.filter { !PathText.isAround($0.path) }.map { Tree.Member($0.path, from.undeclared($0.value, input)) }
          if !native.extra.isEmpty { leaves.append(.init("", .array(native.extra.map { .text($0) }))) }
          return leaves.isEmpty && !native.entries.isEmpty ? nil : .init(native.system, .object(leaves))
        }
        return systems.isEmpty && !natives.isEmpty ? nil : .init(member.name, .object(systems))
      })
  }

  private static func kind(_ value: Tree) -> String? {
    switch value {
    case .null: "null"
    case .bool: "boolean"
    case .number: "number"
    case .text: nil
    case .object: "object"
    case .array: "array"
    }
  }

  /// `native` of the target's own system comes back into list and single; another system's is parked.
  private func restored(
    _ native: Tree, _ record: Tree, _ target: ReferenceRecord, _ residue: inout ReferenceResidue,
    _ format: Format, _ output: Format
  ) -> ReferenceRecord {
    func park(_ entry: ReferenceResidue.Entry, of system: String) { Self.park(entry, of: system, &residue) }
    var target = target
    parkForeign(native, format, &residue)
    for system in Self.natives(native, format) ?? [] where system.foreign == nil {
      let name = String(decoding: system.system, as: UTF8.self)
      if name == to.name, shape == .list || shape == .single {
        var aids = ReferenceResidue()
        let paths = Set(system.entries.map(\.path))
        for entry in system.entries {
          let isBeside = PathText.isAround(entry.path)
          if !isBeside, to.takes(entry.value, at: entry.path, output, among: paths) {
            aids.original.append(entry)
          } else {
            park(entry, of: name)
          }
        }
        aids.extra = system.extra
        let way = ReferenceConversion(from: to, to: from)
        // Replayed in the format that was read: what it cannot hold is no edit.
        let back = way.restore(native: aids, into: target, canonical: record, format: output, input: format)
        target.tree = back.whole
        // What came back may say again what the mapping could not, but a null where the format has none.
        let again = self.way(back: back.plain, output, format, via: to.composed(residue.via))
        let hasNull = output.isJSON || output == .xml && to.nilAttribute != nil
        // Not where a fallback stood in for it: what came back in its place is the system's own.
        let fallen = Set(target.leaves.filter { $0.via != nil }.map(\.field))
        let own = to.fields.filter { !fallen.contains($0.name) }.flatMap(\.canonicalNames)
        let parked = zip(residue.parked, residue.why).filter { entry, _ in
          again[entry.path] != entry.value || entry.value == .null && !hasNull || !own.contains { entry.path.elementsEqual($0.utf8) }
        }
        (residue.parked, residue.why) = (parked.map(\.0), parked.map(\.1))
      } else {
        for entry in system.entries { park(entry, of: name) }
        if !system.extra.isEmpty { park(.init(path: [], value: .array(system.extra.map { .text($0) })), of: name) }
      }
    }
    return target
  }

  /// What of a `native` is cut or written over.
  private func parkForeign(_ native: Tree, _ format: Format, _ residue: inout ReferenceResidue) {
    if native.isBlank { return }
    guard let systems = Self.natives(native, format) else {
      residue.parked.append(.init(path: Array("native".utf8), value: native))
      residue.why.append(.noPlace)
      return
    }
    for system in systems {
      guard let foreign = system.foreign else { continue }
      Self.park(.init(path: [], value: foreign), of: String(decoding: system.system, as: UTF8.self), &residue)
    }
  }

  private static func park(_ entry: ReferenceResidue.Entry, of system: String, _ residue: inout ReferenceResidue) {
    var path = Array("native".utf8)
    PathText.append(Array(system.utf8), to: &path)
    PathText.append(entry.path, to: &path)
    residue.parked.append(.init(path: path, value: entry.value))
    residue.why.append(.noPlace)
  }

  private static func entry(_ item: Tree) -> ReferenceResidue.Entry? {
    guard case .text(let path)? = item["@path"] else { return nil }
    let text = item["#text"] ?? .text([])
    guard let characters = try? text.characters() else { return .init(path: path, value: .text([])) }
    switch item["@kind"] {
    case .text(Array("null".utf8)): return .init(path: path, value: .null)
    case .text(Array("boolean".utf8)): return .init(path: path, value: .bool(characters == Array("true".utf8)))
    case .text(Array("number".utf8)): return .init(path: path, value: .number(characters))
    case .text(Array("object".utf8)), .text(Array("array".utf8)):
      return (try? JSONReference.parse(characters)).map { .init(path: path, value: $0) }
    default: return .init(path: path, value: .text(characters))
    }
  }
}

extension ReferenceResidue {
  /// Of one member of a residue line, what only the line has and what only this has: `path = value`, or a path.
  package struct Difference: Sendable, Equatable {
    package var part: String
    package var path: [UInt8]
    /// nil: this has none.
    package var expected: Tree?
    /// nil: the line has none.
    package var found: Tree?
  }

  /// Where a residue line says otherwise. No line at all says that nothing was left behind.
  ///
  /// - parkedOnly: the aids of the way back are not asked for.
  package func differences(from line: Tree?, parkedOnly: Bool = false) -> [Difference] {
    var all: [Difference] = []
    func compare(_ part: String, _ wanted: [(path: [UInt8], value: Tree)], _ found: [(path: [UInt8], value: Tree)]) {
      let (here, there) = (Self.byPath(wanted), Self.byPath(found))
      for path in Set(here.keys).union(there.keys).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        let (a, b) = (here[path] ?? [], there[path] ?? [])
        for index in 0..<max(a.count, b.count) {
          let (expected, found) = (index < a.count ? a[index] : nil, index < b.count ? b[index] : nil)
          if expected != found { all.append(.init(part: part, path: path, expected: expected, found: found)) }
        }
      }
    }
    compare("parked", parked.map { ($0.path, $0.value) }, Self.members(line?["parked"]))
    if parkedOnly { return all }
    compare("original", original.map { ($0.path, $0.value) }, Self.members(line?["original"]))
    compare("extra", extra.map { ($0, .null) }, Self.paths(line?["extra"]))
    compare("supplied", supplied.map { ($0, .null) }, Self.paths(line?["supplied"]))
    return all
  }

  private static func byPath(_ entries: [(path: [UInt8], value: Tree)]) -> [[UInt8]: [Tree]] {
    Dictionary(grouping: entries, by: \.path).mapValues { $0.map(\.value) }
  }

  /// The leaves of an object of a residue line, but those beside the record, which are not the interpreter's.
  static func members(_ tree: Tree?) -> [(path: [UInt8], value: Tree)] {
    guard case .object(let members)? = tree else { return [] }
    return members.filter { !PathText.isAround($0.name) }.map { ($0.name, $0.value) }
  }

  static func paths(_ tree: Tree?) -> [(path: [UInt8], value: Tree)] {
    guard case .array(let items)? = tree else { return [] }
    return items.compactMap { item in
      if case .text(let path) = item { (path, .null) } else { nil }
    }
  }
}
