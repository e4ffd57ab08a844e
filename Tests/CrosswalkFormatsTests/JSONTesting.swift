import CrosswalkFormats
import CrosswalkModel
import Foundation
import TestSupport

/// What was made of a record, in a form that two readers can be compared by.
struct JSONSnapshot: Equatable, CustomStringConvertible {
  /// Compact JSON, or `-` where nothing is.
  var registers: [String]
  /// `path = JSON`, sorted.
  var extras: [String]
  var leaves: Int
  var hasContainerLeaf: Bool
  var hasLosingSpelling: Bool

  init(registers: [String], extras: [String], leaves: Int, hasContainerLeaf: Bool, hasLosingSpelling: Bool) {
    self.registers = registers
    self.extras = extras.sorted()
    self.leaves = leaves
    self.hasContainerLeaf = hasContainerLeaf
    self.hasLosingSpelling = hasLosingSpelling
  }

  init(_ reader: JSONRecordReader, registers count: Int) {
    let frame = reader.frame
    func show(_ slot: Slot) -> String {
      RecordTree.value(slot, frame: frame, isText: false).map { String(decoding: TreeWriter.json($0), as: UTF8.self) }
        ?? "-"
    }
    let extras = frame.extras.map { extra in
      let path = extra.path >= 0 ? reader.path(Int(extra.path)) : Array(frame.text(extra.pathText))
      let value = RecordTree.value(extra.value, frame: frame, isText: false)
      let note = value?.leafCount == Int(extra.leaves) ? "" : " counted as \(extra.leaves)"
      return String(decoding: path, as: UTF8.self) + " = " + show(extra.value) + note
    }
    let registers = (0..<count).map { register -> String in
      let slot = frame.slots[register]
      let isTold = !slot.isBlank || slot.isAbsent || frame.blanks & 1 << UInt64(register % 64) != 0
      return show(slot) + (isTold ? "" : " not told to be blank")
    }
    self.init(
      registers: registers, extras: extras, leaves: frame.leaves,
      hasContainerLeaf: frame.hasContainerLeaf, hasLosingSpelling: frame.hasLosingSpelling)
  }

  var description: String {
    "\(registers) \(extras) leaves \(leaves)\(hasContainerLeaf ? " container" : "")\(hasLosingSpelling ? " losing" : "")"
  }
}

/// One step of a run; offsets are from the start of the input.
enum JSONStep: Equatable {
  case record(JSONSnapshot, Range<Int>)
  case rejected(FormatReason, at: Int, Range<Int>)
  case fatal(FormatReason, at: Int)
  case closed(Int)
  case end
  /// More bytes were asked for behind the last one.
  case stuck

  var snapshot: JSONSnapshot? { if case .record(let snapshot, _) = self { snapshot } else { nil } }
  var isRejected: Bool { if case .rejected = self { true } else { false } }
}

enum JSONTesting {
  static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  static func reader(
    _ layout: Layout, _ mode: JSONRecordReader.Mode, forms: [[String]] = [[]],
    duplicates: JSONRecordReader.DuplicateNames = .reject, limits: Limits = Limits()
  ) -> JSONRecordReader {
    JSONRecordReader(
      layout: layout, frame: Frame(registers: layout.registers, encoding: .json), mode: mode, forms: forms,
      duplicates: duplicates, limits: limits)
  }

  /// Reads a run in buffers that grow by pieces of the sizes that `size` gives.
  static func run(
    _ reader: JSONRecordReader, _ layout: Layout, _ input: [UInt8], from start: Int = 0, size: () -> Int = { Int.max }
  ) -> [JSONStep] {
    var steps: [JSONStep] = []
    var base = start
    var loaded = start
    func grow() {
      let more = size()
      loaded = more >= input.count - loaded ? input.count : loaded + max(more, 1)
    }
    grow()
    // A buffer of its own for each state, so that a byte too far is found by the memory checker.
    while true {
      let padded = Array(input[base..<loaded]) + [UInt8](repeating: 0, count: 64)
      let isLast = loaded == input.count
      var position = 0
      var isOver = false
      padded.withUnsafeBufferPointer { buffer in
        // As many records as the buffer has.
        loop: while true {
          let outcome = reader.next(in: buffer.baseAddress!, at: &position, to: loaded - base, isLast: isLast)
          let range = (base + reader.frame.start)..<(base + max(reader.frame.start, reader.frame.end))
          switch outcome {
          case .record: steps.append(.record(JSONSnapshot(reader, registers: layout.registers), range))
          case .rejected(let error): steps.append(.rejected(error.reason, at: base + error.offset, range))
          case .fatal(let error):
            steps.append(.fatal(error.reason, at: base + error.offset))
            isOver = true
          case .closed:
            steps.append(.closed(base + position))
            isOver = true
          case .end:
            steps.append(.end)
            isOver = true
          case .needMore:
            if isLast {
              steps.append(.stuck)
              isOver = true
            }
            break loop
          }
          if isOver { break loop }
        }
      }
      if isOver { return steps }
      base += position
      grow()
    }
  }

  static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

  // MARK: - The plain rules

  /// What a layout makes of a record's tree, by the rules as they are told: one member after the other, nothing learnt. nil:
  /// a name stands twice where that is refused.
  /// - around: members beside the record in its wrappers.
  static func plain(
    _ tree: Tree, _ layout: Layout, duplicates: JSONRecordReader.DuplicateNames = .reject, before: [Tree.Member] = [],
    behind: [Tree.Member] = []
  ) -> JSONSnapshot? {
    guard case .object(let members) = tree else { return nil }
    var state = Plain(layout: layout, duplicates: duplicates)
    func around(_ members: [Tree.Member]) -> [(path: [UInt8], value: Tree)] {
      members.map { member in
        var path = Array("^".utf8)
        PathText.append(member.name, to: &path)
        return (path, member.value)
      }
    }
    state.extras = around(before)
    guard state.object(members, layout.members, path: []) else { return nil }
    state.extras += around(behind)
    return JSONSnapshot(
      registers: state.held.map { $0.map { text(TreeWriter.json($0.value)) } ?? "-" },
      extras: state.extras.map { text($0.path) + " = " + text(TreeWriter.json($0.value)) },
      leaves: (members.isEmpty ? 0 : tree.leafCount) + (before + behind).map(\.value.leafCount).reduce(0, +) - state.keys,
      hasContainerLeaf: state.hasContainerLeaf, hasLosingSpelling: state.hasLosingSpelling)
  }

  static func lastName(_ path: [UInt8]) -> [UInt8] {
    guard case .name(let name)? = PathStep.parse(String(decoding: path, as: UTF8.self))?.last else { return [] }
    return Array(name.utf8)
  }

  private struct Plain {
    let layout: Layout
    let duplicates: JSONRecordReader.DuplicateNames
    var held: [(value: Tree, path: [UInt8], rank: Int)?]
    var extras: [(path: [UInt8], value: Tree)] = []
    var hasContainerLeaf = false
    var hasLosingSpelling = false
    /// Members that tell elements of a list apart and are no leaves.
    var keys = 0

    init(layout: Layout, duplicates: JSONRecordReader.DuplicateNames) {
      self.layout = layout
      self.duplicates = duplicates
      held = Array(repeating: nil, count: layout.registers)
    }

    func find(_ name: [UInt8], in members: [Layout.Member]) -> (member: Layout.Member, rank: Int)? {
      if let member = members.first(where: { Array($0.name.utf8) == name }) { return (member, 0) }
      if let member = members.first(where: { $0.aliases.contains { Array($0.utf8) == name } }) { return (member, 1) }
      guard layout.ignoresCase else { return nil }
      func lower(_ bytes: [UInt8]) -> [UInt8] { bytes.map { (0x41...0x5a).contains($0) ? $0 + 0x20 : $0 } }
      func folds(_ other: String) -> Bool { lower(Array(other.utf8)) == lower(name) }
      let member = members.first { ([$0.name] + $0.aliases).contains(where: folds) }
      return member.map { ($0, folds($0.name) ? 2 : 3) }
    }

    /// The text that tells an element apart, and the spelling of its name: the exact one before others.
    func key(_ key: String, of item: Tree) -> (spelt: [UInt8], text: [UInt8])? {
      guard case .object(let members) = item else { return nil }
      func lower(_ bytes: [UInt8]) -> [UInt8] { bytes.map { (0x41...0x5a).contains($0) ? $0 + 0x20 : $0 } }
      let name = Array(key.utf8)
      let found = members.first { $0.name == name } ?? members.first { layout.ignoresCase && lower($0.name) == lower(name) }
      guard let found, case .text(let text) = found.value else { return nil }
      return (found.name, text)
    }

    mutating func object(_ members: [Tree.Member], _ known: [Layout.Member], path: [UInt8]) -> Bool {
      var seen: Set<[UInt8]> = []
      var opened: Set<String> = []
      for member in members {
        let isDuplicate = !seen.insert(member.name).inserted
        if isDuplicate, duplicates == .reject { return false }
        var own = path
        PathText.append(member.name, to: &own)
        guard let (found, rank) = find(member.name, in: known) else {
          if isDuplicate {
            setApart(member.value, own, member.name, isUnknown: true)
          } else {
            extras.append((own, member.value))
          }
          continue
        }
        if !found.content.isLeaf, isDuplicate, duplicates == .last { return false }
        if !found.content.isLeaf, !isDuplicate, !opened.insert(found.name).inserted {
          // Under another spelling already.
          hasLosingSpelling = true
          extras.append((own, member.value))
          continue
        }
        var inner = path
        PathText.append(found.name.utf8, to: &inner)
        guard take(member.value, found.content, own: own, path: inner, rank: rank, isDuplicate: isDuplicate, name: member.name)
        else { return false }
      }
      return true
    }

    /// The value that does not count of a name that stands again.
    private mutating func setApart(_ value: Tree, _ own: [UInt8], _ name: [UInt8], isUnknown: Bool) {
      var last: [UInt8] = []
      PathText.append(name, to: &last)
      let apart = (2...).lazy.map { time in own.dropLast(last.count) + Array("^\(time).".utf8) + last }
        .first { path in !extras.contains { $0.path == path } }!
      var value = value
      if isUnknown, duplicates == .last, let winner = extras.firstIndex(where: { $0.path == own }) {
        swap(&extras[winner].value, &value)
      }
      extras.append((apart, value))
    }

    private mutating func take(
      _ value: Tree, _ content: Layout.Content, own: [UInt8], path: [UInt8], rank: Int, isDuplicate: Bool, name: [UInt8]
    ) -> Bool {
      switch (content, value) {
      case (.leaf(let leaf), _):
        if value.isContainer { hasContainerLeaf = true }
        guard let other = held[leaf.register] else {
          held[leaf.register] = (value, own, rank)
          return true
        }
        if !isDuplicate { hasLosingSpelling = true }
        if isDuplicate ? duplicates == .last && other.path == own : rank < other.rank {
          if isDuplicate {
            setApart(other.value, other.path, JSONTesting.lastName(other.path), isUnknown: false)
          } else {
            extras.append((other.path, other.value))
          }
          held[leaf.register] = (value, own, rank)
        } else if isDuplicate {
          setApart(value, own, name, isUnknown: true)
        } else {
          extras.append((own, value))
        }
        return true
      case (.object(let known), .object(let members)) where !members.isEmpty && !isDuplicate:
        return object(members, known, path: path)
      case (.picks(let key, let cases), .array(let items)) where !items.isEmpty && !isDuplicate:
        var picked: [(rank: Int, index: Int, hasValues: Bool, path: [UInt8], value: Tree)] = []
        for (index, item) in items.enumerated() {
          var place = path
          PathText.append(index: index, to: &place)
          guard let (spelt, text) = self.key(key, of: item),
            let rank = cases.firstIndex(where: { Array($0.value.utf8) == text }), !picked.contains(where: { $0.rank == rank }),
            case .object(let members) = item
          else {
            extras.append((place, item))
            continue
          }
          let held = self.held.count { $0 != nil }
          let mark = extras.count
          guard object(members, cases[rank].members, path: place) else { return false }
          var own = place
          PathText.append(spelt, to: &own)
          var name = place
          PathText.append(key.utf8, to: &name)
          // Under the key's own spelling, whatever the record's.
          if let at = extras[mark...].firstIndex(where: { $0.path == own && $0.value == .text(text) }) { extras[at].path = name }
          picked.append((rank, index, self.held.count { $0 != nil } > held, name, .text(text)))
        }
        // What tells an element apart is no leaf where it would be written by itself: the ones with values first, in their order.
        let stand = picked.filter(\.hasValues).sorted { $0.rank < $1.rank }
        for (place, one) in stand.enumerated() where one.index == place {
          guard let at = extras.firstIndex(where: { $0.path == one.path && $0.value == one.value }) else { continue }
          extras.remove(at: at)
          keys += 1
        }
        return true
      case (.items(let known), .array(let items)) where !items.isEmpty && !isDuplicate:
        for (index, item) in items.enumerated() {
          var place = path
          PathText.append(index: index, to: &place)
          let content = known.first { $0.index == index }?.content
          let isEmpty = item == .object([]) || item == .array([])
          if let content, !isEmpty || content.isLeaf, content.isLeaf || content.isList == item.isList {
            guard take(item, content, own: place, path: place, rank: 0, isDuplicate: false, name: []) else { return false }
          } else {
            extras.append((place, item))
          }
        }
        return true
      default:
        if isDuplicate { setApart(value, own, name, isUnknown: true) } else { extras.append((own, value)) }
        return true
      }
    }
  }
}

extension Tree {
  fileprivate var isContainer: Bool {
    switch self {
    case .object, .array: true
    default: false
    }
  }
  fileprivate var isText: Bool { if case .text = self { true } else { false } }
  fileprivate var isList: Bool { if case .array = self { true } else { false } }
}

extension Layout.Content {
  fileprivate var isLeaf: Bool { if case .leaf = self { true } else { false } }
  fileprivate var isList: Bool {
    switch self {
    case .picks, .items: true
    case .leaf, .object: false
    }
  }
}

/// Random layouts, records for them, and every way of writing these down.
struct JSONGenerator {
  var random: Random
  /// What may stand between two tokens.
  var blanks = ["", "", "", "", " ", "\n", "\t", "\r\n  ", "                    "]

  init(seed: UInt64) { random = Random(seed: seed) }

  mutating func number(_ n: Int) -> Int { Int.random(in: 0..<n, using: &random) }
  mutating func pick<T>(_ items: [T]) -> T { items[number(items.count)] }
  mutating func one(in n: Int) -> Bool { number(n) == 0 }

  static let names: [String] = [
    "a", "b", "id", "Nm", "name", "Zip", "fourteen-bytes", "fifteen-bytes-x", "sixteen-bytes-xx", "seventeen-bytes-x",
    "a name longer than the sixteen bytes of one load", "a name longer than the sixteen bytes of two loads",
    "a name longer than", "with.dot", "with[0]", "quo\"te", "back\\slash", "back\\nslash", "new\nline", "tab\t",
    "\u{1}control", "\u{0}", "\u{0}zero", String(repeating: "\u{0}", count: 80), "größe", "🎉", "日本語の名前です",
    "", "Tag", "Place", "List", "\"", "\\", "a\"", "b\\",
  ]

  // MARK: Layouts

  mutating func layout(ignoresCase: Bool, hasAliases: Bool) -> Layout {
    var layout = Layout()
    layout.ignoresCase = ignoresCase
    layout.members = members(depth: 2, hasAliases: hasAliases, &layout.registers)
    return layout
  }

  private mutating func members(depth: Int, hasAliases: Bool, _ registers: inout Int) -> [Layout.Member] {
    var names = JSONGenerator.names.shuffled(using: &random)
    return (0..<(1 + number(6))).map { _ in
      let name = names.removeLast()
      let aliases = hasAliases && one(in: 3) ? [names.removeLast()] : []
      return Layout.Member(name, aliases: aliases, content(depth: depth, hasAliases: hasAliases, &registers))
    }
  }

  private mutating func content(depth: Int, hasAliases: Bool, _ registers: inout Int) -> Layout.Content {
    switch depth > 0 ? number(10) : 9 {
    case 0, 1: return .object(members(depth: depth - 1, hasAliases: hasAliases, &registers))
    case 2:
      let values = ["MAIN", "BILL", "ü\"\\"].shuffled(using: &random).prefix(1 + number(3))
      return .picks(
        key: "Tag",
        cases: values.map { .init(value: $0, members: members(depth: depth - 1, hasAliases: hasAliases, &registers)) })
    case 3:
      let indexes = (0..<4).filter { _ in one(in: 2) }
      return .items(
        indexes.map { .init(index: $0, content: content(depth: depth - 1, hasAliases: hasAliases, &registers)) })
    default:
      registers += 1
      return .leaf(.init(register: registers - 1))
    }
  }

  // MARK: Records

  mutating func scalar() -> Tree {
    switch number(12) {
    case 0: return .null
    case 1: return .bool(one(in: 2))
    case 2, 3:
      return .number(pick(["0", "-0", "1.0", "1E-999", "469505000000133417", "3.00E+07", "-12.5e+3", "0.0e-0"]))
    case 4: return .text("")
    case 5: return .text(pick(["MAIN", "BILL", "ü\"\\", "null", "{}", "},{\"a\":", "]"]))
    default:
      return .text(
        (0..<number(5)).map { _ in
          pick([
            "plain", "a longer run of plain text that passes sixteen bytes", "\"", "\\", "/", "\n", "\r", "\t", "\u{8}",
            "\u{c}", "\u{0}", "\u{1f}", "\u{7f}", "é", "日本", "🎉", "\u{2028}", "\u{fffd}", "\u{ffff}", " ", "{", "}", "[",
            "]", ",", ":",
          ])
        }.joined())
    }
  }

  mutating func value(depth: Int) -> Tree {
    switch depth > 0 ? number(10) : 9 {
    case 0: return .object([])
    case 1: return .array([])
    case 2: return .array((0..<(1 + number(3))).map { _ in value(depth: depth - 1) })
    case 3: return .object((0..<(1 + number(3))).map { _ in .init(pick(JSONGenerator.names), value(depth: depth - 1)) })
    default: return scalar()
    }
  }

  /// - repeats: the chance of a name that stands twice is one in so many; 0 is none.
  mutating func record(_ layout: Layout, repeats: Int) -> Tree {
    object(layout.members, layout, repeats: repeats)
  }

  private mutating func object(_ known: [Layout.Member], _ layout: Layout, repeats: Int) -> Tree {
    var members: [Tree.Member] = []
    for member in known where !one(in: 5) {
      var name = member.name
      if !member.aliases.isEmpty, one(in: 3) { name = pick(member.aliases) }
      if layout.ignoresCase, one(in: 4) { name = pick([name.uppercased(), name.lowercased()]) }
      members.append(.init(name, value(member.content, layout, repeats: repeats)))
      // Another spelling beside it.
      if one(in: 10) {
        let other = pick([member.name, member.name.uppercased()] + member.aliases)
        if other != name { members.append(.init(other, value(member.content, layout, repeats: repeats))) }
      }
    }
    for _ in 0..<(one(in: 2) ? number(4) : 0) { members.append(.init(pick(JSONGenerator.names), value(depth: 3))) }
    if one(in: 3) { members.shuffle(using: &random) }
    // Names once, but for the chance.
    var seen: Set<[UInt8]> = []
    members = members.filter { seen.insert($0.name).inserted }
    if repeats > 0, one(in: repeats), let member = members.randomElement(using: &random) {
      members.insert(.init(member.name, value(depth: 2)), at: number(members.count + 1))
    }
    return .object(members)
  }

  private mutating func value(_ content: Layout.Content, _ layout: Layout, repeats: Int) -> Tree {
    if one(in: 10) { return value(depth: 2) }
    switch content {
    case .leaf: return one(in: 20) ? value(depth: 2) : scalar()
    case .object(let members): return object(members, layout, repeats: repeats)
    case .picks(let key, let cases):
      return .array(
        (0..<number(5)).map { _ in
          guard let one = cases.randomElement(using: &random), !self.one(in: 5) else { return value(depth: 2) }
          guard case .object(var members) = object(one.members, layout, repeats: repeats) else { return .null }
          if !members.contains(where: { $0.name == Array(key.utf8) }) {
            members.insert(.init(key, self.one(in: 6) ? value(depth: 1) : .text(one.value)), at: number(members.count + 1))
          }
          return .object(members)
        })
    case .items(let items):
      return .array(
        (0..<number(6)).map { index in
          items.first { $0.index == index }.map { value($0.content, layout, repeats: repeats) } ?? value(depth: 2)
        })
    }
  }

  // MARK: Spelling

  mutating func blank() -> String { pick(blanks) }

  mutating func spell(_ tree: Tree) -> [UInt8] {
    switch tree {
    case .text(let text): return spell(text)
    case .object(let members):
      var out = JSONTesting.bytes("{" + blank())
      for (index, member) in members.enumerated() {
        if index > 0 { out += JSONTesting.bytes("," + blank()) }
        out += spell(member.name) + JSONTesting.bytes(blank() + ":" + blank()) + spell(member.value)
        out += JSONTesting.bytes(blank())
      }
      return out + JSONTesting.bytes("}")
    case .array(let items):
      var out = JSONTesting.bytes("[" + blank())
      for (index, item) in items.enumerated() {
        if index > 0 { out += JSONTesting.bytes("," + blank()) }
        out += spell(item) + JSONTesting.bytes(blank())
      }
      return out + JSONTesting.bytes("]")
    default: return TreeWriter.json(tree)
    }
  }

  /// Mostly as everybody writes it, sometimes with an escape that need not be.
  mutating func spell(_ text: [UInt8]) -> [UInt8] {
    var out = "\""
    let isOdd = one(in: 5)
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      let short: [Unicode.Scalar: String] = [
        "\"": "\\\"", "\\": "\\\\", "/": "\\/", "\u{8}": "\\b", "\u{c}": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
      ]
      let needs = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
      if !needs, !isOdd || number(3) > 0 {
        out.unicodeScalars.append(scalar)
      } else if let short = short[scalar], !isOdd || one(in: 2) {
        out += short
      } else {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16, uppercase: one(in: 2))
          out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
    }
    return Array((out + "\"").utf8)
  }

  /// One or a few bytes changed.
  mutating func broken(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<(1 + number(2)) where !bytes.isEmpty {
      let at = number(bytes.count)
      switch number(4) {
      case 0: bytes[at] = UInt8(number(256))
      case 1: bytes.remove(at: at)
      case 2: bytes.insert(pick(Array("{}[]\",:\\/ubfnrt01.eE+- \n".utf8) + [0, 1, 0x7f, 0x80, 0xc3, 0xed, 0xf5, 0xff]), at: at)
      default:
        bytes.insert(
          contentsOf: pick(["\\ud800", "\\udc00", "\\u12", "null", "true", ",,", "},{", "]", "\u{fffe}", "1e5"]).utf8, at: at)
      }
    }
    return bytes
  }
}
