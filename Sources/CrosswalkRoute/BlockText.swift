package import CrosswalkMapping

/// What a block of free text certainly holds: the rules of Mappings/README.md, "Free text", and nothing beyond them.
package struct BlockText {
  /// In the order of `names`: where the value stands in the text.
  package private(set) var parts: [(name: String, range: Range<Int>)] = []
  /// What no part took, in order.
  package private(set) var rest: [Range<Int>] = []

  /// The parts that a mapping may name; `rest` is what is left.
  package static let names = [
    "street", "city", "region", "postalCode", "country", "main", "mobile", "fax", "email", "web", "rest",
  ]

  /// nil when nothing in it is certain.
  package init?(_ text: [UInt8], _ rules: BlockRules) {
    var reader = BlockReader(text, rules)
    guard reader.read() else { return nil }
    parts = reader.parts
    rest = reader.rest
  }

  /// The value of a range: its lines, without blanks around them.
  static func value(_ range: Range<Int>, in text: [UInt8]) -> [UInt8] {
    let lines = Restoration.lines(Array(text[range])).map { line -> [UInt8] in
      let front = line.drop(while: BlockRules.isBlank)
      return Array(front.prefix((front.lastIndex { !BlockRules.isBlank($0) } ?? front.startIndex - 1) - front.startIndex + 1))
    }
    return Array(lines.joined(separator: [0x0a]))
  }

  /// - known: the parts that have a field; the others are left over. nil: all.
  package func value(_ name: String, in text: [UInt8], known: Set<String>? = nil) -> [UInt8]? {
    if name == "rest" {
      let left = known.map { known in parts.filter { !known.contains($0.name) }.map(\.range) } ?? []
      let all = (rest + left).sorted { $0.lowerBound < $1.lowerBound }
      return all.isEmpty ? nil : Array(all.map { BlockText.value($0, in: text) }.joined(separator: [0x0a]))
    }
    return parts.first { $0.name == name }.map { BlockText.value($0.range, in: text) }
  }
}

extension BlockText {
  /// The text with other values in the places of some parts; nil where a part cannot be put into its place.
  ///
  /// - changes: nil takes a value out, with its line where nothing else stands on it. A part that the text does not have is a line of
  ///   its own at the end.
  package func replacing(_ changes: [(part: String, value: [UInt8]?)], in text: [UInt8]) -> [UInt8]? {
    var edits: [(range: Range<Int>, with: [UInt8])] = []
    var added: [[UInt8]] = []
    for change in changes {
      let isRest = change.part == "rest"
      let ranges = isRest ? rest : parts.filter { $0.name == change.part }.map(\.range)
      if value(change.part, in: text) == change.value { continue }
      guard let first = ranges.first else {
        if let value = change.value { added.append(BlockText.line(of: change.part, value)) }
        continue
      }
      // What is left may stand in several places: then it is one text behind the others.
      if let value = change.value, ranges.count == 1 {
        edits.append((first, value))
      } else {
        edits += ranges.map { (wholeLine($0, in: text), []) }
        if let value = change.value { added.append(value) }
      }
    }
    var out = text
    for edit in edits.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
      guard edit.range.upperBound <= out.count else { return nil }
      out.replaceSubrange(edit.range, with: edit.with)
    }
    for line in added { out += (out.isEmpty ? [] : [0x0a]) + line }
    return out
  }

  private static func line(of part: String, _ value: [UInt8]) -> [UInt8] {
    switch part {
    case "fax": value + Array(" (fax)".utf8)
    case "mobile": value + Array(" (mobile)".utf8)
    default: value
    }
  }

  /// The range with its line and one line break, where no other part or rest stands on the line.
  private func wholeLine(_ range: Range<Int>, in text: [UInt8]) -> Range<Int> {
    func isBreak(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }
    let start = text[..<range.lowerBound].lastIndex(where: isBreak).map { $0 + 1 } ?? 0
    var end = text[range.upperBound...].firstIndex(where: isBreak) ?? text.count
    let others = (parts.map(\.range) + rest).filter { $0 != range }
    if others.contains(where: { $0.overlaps(start..<end) }) { return range }
    if end < text.count, text[end] == 0x0d, end + 1 < text.count, text[end + 1] == 0x0a { end += 1 }
    if end < text.count { return start..<(end + 1) }
    // The last line goes with the break before it.
    var front = start
    if front > 0, text[front - 1] == 0x0a { front -= 1 }
    if front > 0, front < start || text[front - 1] == 0x0d, text[front - 1] == 0x0d { front -= 1 }
    return front..<end
  }
}

/// The tables `postcodes`, `addresswords`, `countries` and `regions`, as the rules ask for them. One a worker.
package final class BlockRules {
  struct Country {
    enum Region { case never, always, listed }

    var code: [UInt8]
    /// Shapes of postal codes: `9` a digit, `A` a capital letter, all else itself.
    var forms: [[UInt8]]
    var townIsAfter: Bool
    var region: Region
    /// Certain without the name of the country.
    var isAlone: Bool
    /// First character of a postal code → the regions' codes.
    var starts: [UInt8: Set<[UInt8]>]
    var counties: Set<[UInt8]>
    var nations: Set<[UInt8]>
  }

  let countries: [Country]
  private let ownNames: [[UInt8]: [UInt8]]
  private let words: [String: Set<[UInt8]>]
  private let names: Table
  private let regions: Table

  package init?(_ tables: Tables) {
    guard let names = tables["countries"], let regions = tables["regions"], let forms = tables["postcodes"],
      let words = tables["addresswords"]
    else { return nil }
    self.names = names
    self.regions = regions
    var countries: [Country] = []
    var own: [[UInt8]: [UInt8]] = [:]
    func set(_ cell: [UInt8]) -> Set<[UInt8]> { Set(Table.aliases(cell).map { Table.key($0) }) }
    forms.rows { row in
      guard row.count == 9 else { return true }
      for name in set(row[1]) { own[name] = row[0] }
      var starts: [UInt8: Set<[UInt8]>] = [:]
      for one in Table.aliases(row[6]) where one.count > 2 {
        starts[one[0]] = Set(one.dropFirst(2).split(separator: 0x20).map(Array.init))
      }
      let region: Country.Region =
        row[4].elementsEqual("always".utf8) ? .always : row[4].elementsEqual("listed".utf8) ? .listed : .never
      countries.append(
        Country(
          code: row[0], forms: Table.aliases(row[2]), townIsAfter: row[3].elementsEqual("after".utf8), region: region,
          isAlone: !row[5].isEmpty, starts: starts, counties: set(row[7]), nations: set(row[8])))
      return true
    }
    var lists: [String: Set<[UInt8]>] = [:]
    words.rows { row in
      if row.count == 2 { lists[String(decoding: row[0], as: UTF8.self)] = set(row[1]) }
      return true
    }
    self.countries = countries
    ownNames = own
    self.words = lists
  }

  func has(_ list: String, _ key: [UInt8]) -> Bool { words[list]?.contains(key) ?? false }

  /// Words of a list that stand in a line, as whole words.
  func holds(_ list: String, in key: [UInt8]) -> Bool {
    guard let phrases = words[list] else { return false }
    let parts = key.split(whereSeparator: { BlockRules.isBlank($0) || $0 == 0x2c || $0 == 0x3a || $0 == 0x2e })
    for start in parts.indices {
      for end in start..<min(parts.count, start + 3) where phrases.contains(Array(parts[start...end].joined(separator: [0x20]))) {
        return true
      }
    }
    return false
  }

  /// A word of the list that the text ends with.
  func endsWith(_ list: String, _ key: [UInt8]) -> Bool {
    words[list]?.contains { key.count > $0.count && key.suffix($0.count).elementsEqual($0) } ?? false
  }

  /// The code of a country by its code, name or alias, and by its own name.
  func country(_ text: [UInt8]) -> [UInt8]? {
    let key = Table.key(text)
    return ownNames[key] ?? CountryTransform.find(text, in: names)?.first
  }

  /// The code of a region in the country.
  func region(_ text: [UInt8], in country: [UInt8]) -> [UInt8]? {
    regions.row(having: Table.key(text), in: [1, 2, 3], startingWith: country).map { $0[1] }
  }

  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
  static func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a || byte >= 0x80 }
}

/// One reading of one block.
private struct BlockReader {
  typealias Span = Range<Int>

  let text: [UInt8]
  let rules: BlockRules
  /// Without blanks at their ends; an empty one parts what stands above from what stands below.
  var lines: [Span] = []
  /// Per line its texts between commas.
  var pieces: [[Span]] = []
  var taken: [Bool] = []
  var parts: [(name: String, range: Span)] = []
  var rest: [Span] = []

  init(_ text: [UInt8], _ rules: BlockRules) {
    self.text = text
    self.rules = rules
    var start = 0
    var i = 0
    while i <= text.count {
      if i == text.count || text[i] == 0x0a || text[i] == 0x0d {
        lines.append(trimmed(start..<i))
        if i < text.count, text[i] == 0x0d, i + 1 < text.count, text[i + 1] == 0x0a { i += 1 }
        start = i + 1
      }
      i += 1
    }
    pieces = lines.map { line in split(line, at: 0x2c) }
    taken = lines.map { _ in false }
  }

  mutating func read() -> Bool {
    // Long texts are no addresses.
    guard lines.count <= 20, text.count <= 2000, !lines.contains(where: { rules.holds("doubt", in: key($0)) }) else { return false }
    var places: [Place] = []
    for line in lines.indices {
      for piece in pieces[line].indices { if let place = place(line, piece) { places.append(place) } }
    }
    guard places.count <= 1 else { return false }
    if let place = places.first { take(place) }
    takeContacts(near: places.first)
    for line in lines.indices where !taken[line] && !lines[line].isEmpty { rest.append(lines[line]) }
    rest.sort { $0.lowerBound < $1.lowerBound }
    return !parts.isEmpty
  }

  // MARK: - Place

  struct Place {
    var country: BlockRules.Country
    var lines: ClosedRange<Int>
    /// Where the town begins, or what stands for it.
    var line: Int
    var piece: Int
    /// The last piece of the last line that is the place's.
    var last: Int
    var city: Span
    var region: Span?
    var postalCode: Span
    var countryName: Span?
    var street: Span?
  }

  /// A place whose postal code stands in that piece.
  private func place(_ line: Int, _ piece: Int) -> Place? {
    // Every form of a postal code has a digit.
    guard text[pieces[line][piece]].contains(where: BlockRules.isDigit) else { return nil }
    let after = following(line, piece)
    let stated = after.flatMap { rules.country(Array(text[$0.span])) }
    for country in rules.countries where stated == nil ? country.isAlone : country.code == stated {
      var found: Place?
      if country.townIsAfter { found = townAfter(line, piece, country) }
      if found == nil, country.region == .always || stated != nil && country.region == .never {
        found = withRegion(line, piece, country)
      }
      if found == nil, !country.townIsAfter, country.region != .always { found = withoutRegion(line, piece, country, after?.span) }
      guard var place = found, isTown(place.city) else { continue }
      if let after, stated != nil {
        place.countryName = after.span
        place.end(after)
      } else if let after, country.nations.contains(key(after.span)) {
        if place.region == nil {
          place.region = after.span
          place.end(after)
        }
      }
      place.street = street(above: place)
      if country.region == .listed, place.region == nil, place.countryName == nil, place.street == nil, place.piece == piece { return nil }
      if country.region == .listed, place.line != line, place.region == nil, place.street == nil { return nil }
      return place
    }
    return nil
  }

  /// The piece behind, or the whole line below.
  private func following(_ line: Int, _ piece: Int) -> (span: Span, line: Int, piece: Int)? {
    if piece + 1 < pieces[line].count { return (pieces[line][piece + 1], line, piece + 1) }
    guard line + 1 < lines.count, !lines[line + 1].isEmpty else { return nil }
    return (lines[line + 1], line + 1, pieces[line + 1].count - 1)
  }

  /// `80331 München`
  private func townAfter(_ line: Int, _ piece: Int, _ country: BlockRules.Country) -> Place? {
    let words = words(pieces[line][piece])
    for count in [2, 1] where words.count > count {
      let code = words[0].lowerBound..<words[count - 1].upperBound
      guard isCode(code, country) else { continue }
      return Place(
        country: country, lines: line...line, line: line, piece: piece, last: piece,
        city: words[count].lowerBound..<words[words.count - 1].upperBound, postalCode: code)
    }
    return nil
  }

  /// The postal code at the end of a piece, and what stands before it there.
  private func codeAtEnd(_ span: Span, _ country: BlockRules.Country) -> (code: Span, before: [Span])? {
    let words = words(span)
    for count in [2, 1] where words.count >= count {
      let code = words[words.count - count].lowerBound..<words[words.count - 1].upperBound
      if isCode(code, country) { return (code, Array(words.dropLast(count))) }
    }
    return nil
  }

  /// The piece before: on the same line, else the last one of the line above.
  private func before(_ line: Int, _ piece: Int) -> (line: Int, piece: Int)? {
    if piece > 0 { return (line, piece - 1) }
    guard line > 0, !lines[line - 1].isEmpty else { return nil }
    return (line - 1, pieces[line - 1].count - 1)
  }

  /// `Boston, MA 02118`
  private func withRegion(_ line: Int, _ piece: Int, _ country: BlockRules.Country) -> Place? {
    guard let (code, left) = codeAtEnd(pieces[line][piece], country) else { return nil }
    var (at, words) = ((line: line, piece: piece), left)
    if words.isEmpty {
      guard let other = before(line, piece) else { return nil }
      at = other
      words = self.words(pieces[at.line][at.piece])
    }
    for start in words.indices {
      let region = words[start].lowerBound..<words[words.count - 1].upperBound
      guard let name = rules.region(Array(text[region]), in: country.code) else { continue }
      if !country.starts.isEmpty, !(country.starts[text[code.lowerBound]]?.contains(name) ?? false) { return nil }
      var city = words[0].lowerBound..<(start > 0 ? words[start - 1].upperBound : words[0].lowerBound)
      if start == 0 {
        guard let other = before(at.line, at.piece) else { return nil }
        // A name alone on its line may be of anything.
        if other.line != at.line, !text[region].elementsEqual(name) { return nil }
        at = other
        city = pieces[at.line][at.piece]
      }
      return Place(
        country: country, lines: at.line...line, line: at.line, piece: at.piece, last: piece, city: city, region: region,
        postalCode: code)
    }
    return nil
  }

  /// `Leeds LS1 4AP`, with a county or without
  private func withoutRegion(_ line: Int, _ piece: Int, _ country: BlockRules.Country, _ after: Span?) -> Place? {
    guard let (code, left) = codeAtEnd(pieces[line][piece], country) else { return nil }
    var at = (line: line, piece: piece)
    var city: Span
    if let first = left.first, let last = left.last {
      city = first.lowerBound..<last.upperBound
    } else {
      guard country.region == .listed, let other = before(line, piece) else { return nil }
      at = other
      city = pieces[at.line][at.piece]
    }
    var region: Span?
    if country.counties.contains(key(city)) {
      region = city
      guard let other = before(at.line, at.piece) else { return nil }
      at = other
      city = pieces[at.line][at.piece]
      if country.counties.contains(key(city)) { return nil }
    }
    return Place(
      country: country, lines: at.line...line, line: at.line, piece: at.piece, last: piece, city: city, region: region,
      postalCode: code)
  }

  private func isCode(_ span: Span, _ country: BlockRules.Country) -> Bool {
    country.forms.contains { form in
      form.count == span.count
        && zip(form, text[span]).allSatisfy { sign, byte in
          switch sign {
          case UInt8(ascii: "9"): BlockRules.isDigit(byte)
          case UInt8(ascii: "A"): byte >= 0x41 && byte <= 0x5a
          default: sign == byte
          }
        }
    }
  }

  /// Letters and what stands in names, no firm, no street, no label.
  private func isTown(_ span: Span) -> Bool {
    let words = words(span)
    guard let first = words.first, let last = words.last, words.count <= 4, span.count <= 40 else { return false }
    let start = text[first.lowerBound]
    guard start >= 0x41 && start <= 0x5a || start >= 0x80 else { return false }
    guard text[span].allSatisfy({ BlockRules.isLetter($0) || BlockRules.isBlank($0) || ".'-/".utf8.contains($0) }) else { return false }
    if rules.has("street", word(last)) || words.contains(where: { rules.has("firm", word($0)) || rules.has("person", word($0)) }) {
      return false
    }
    return true
  }

  // MARK: - Street

  /// The lines, or the pieces of the same line, right above a town.
  private func street(above place: Place) -> Span? {
    let here = pieces[place.line][..<place.piece]
    if !here.isEmpty {
      guard let first = here.firstIndex(where: { isStart($0, place.country) }) else { return nil }
      if here[..<first].contains(where: isDoubtful) { return nil }
      return certain(Array(here[first...]), place.country)
    }
    var top = place.line
    while top > 0, !lines[top - 1].isEmpty, place.line - top < 5, contact(lines[top - 1], place.country) == nil { top -= 1 }
    let above = top..<place.line
    guard let first = above.first(where: { isStart(lines[$0], place.country) }) else { return nil }
    if above[..<first].contains(where: { isDoubtful(lines[$0]) }) { return nil }
    return certain(above[first...].map { lines[$0] }, place.country)
  }

  private func certain(_ spans: [Span], _ country: BlockRules.Country) -> Span? {
    guard let first = spans.first, let last = spans.last, spans.count <= 4 else { return nil }
    if spans.contains(where: { rules.holds("person", in: key($0)) || text[$0].contains(0x3a) }) { return nil }
    guard spans.contains(where: { isNumbered($0, country) }) else { return nil }
    return first.lowerBound..<last.upperBound
  }

  /// A line with which a street may begin: one with its number, a box, or a unit with its number.
  private func isStart(_ span: Span, _ country: BlockRules.Country) -> Bool {
    if isNumbered(span, country) { return true }
    let words = words(span)
    return words.count > 1 && rules.has("unit", word(words[0])) && text[words[1]].contains(where: BlockRules.isDigit)
  }

  private func isNumbered(_ span: Span, _ country: BlockRules.Country) -> Bool {
    let words = words(span)
    guard words.count > 1 else { return false }
    if isHouseNumber(words[0]), words.dropFirst().contains(where: { rules.has("street", word($0)) }) { return true }
    // A box: its name, then its number.
    for count in 1...3 where words.count > count {
      let name = words[0].lowerBound..<words[count - 1].upperBound
      if rules.has("box", word(name)), text[words[count]].first.map(BlockRules.isDigit) ?? false { return true }
    }
    guard country.townIsAfter, isHouseNumber(words[words.count - 1]) else { return false }
    let before = word(words[words.count - 2])
    return rules.endsWith("streetEnd", before) || words.dropLast().contains { rules.has("street", word($0)) }
  }

  /// `12`, `12a`, `12-14`, `2/14`
  private func isHouseNumber(_ span: Span) -> Bool {
    var digits = text[span]
    if digits.last == 0x2c { digits = digits.dropLast() }
    guard let first = digits.first, BlockRules.isDigit(first), let last = digits.last, digits.count <= 9 else { return false }
    let body = BlockRules.isDigit(last) ? digits : digits.dropLast()
    return (BlockRules.isDigit(last) || last < 0x80 && BlockRules.isLetter(last))
      && body.allSatisfy { BlockRules.isDigit($0) || $0 == 0x2d || $0 == 0x2f }
  }

  /// Above a street, but perhaps a part of it.
  private func isDoubtful(_ span: Span) -> Bool {
    text[span].contains(where: BlockRules.isDigit)
      || words(span).contains { rules.has("building", word($0)) || rules.has("unit", word($0)) || rules.has("street", word($0)) }
  }

  // MARK: - Taking

  private mutating func take(_ place: Place) {
    if let street = place.street { parts.append(("street", street)) }
    parts.append(("city", place.city))
    if let region = place.region { parts.append(("region", region)) }
    parts.append(("postalCode", place.postalCode))
    if let country = place.countryName { parts.append(("country", country)) }
    for line in place.lines { taken[line] = true }
    if let street = place.street {
      for line in lines.indices where !lines[line].isEmpty && street.contains(lines[line].lowerBound) { taken[line] = true }
    }
    // What else stands on the line of the town, before and behind.
    let here = pieces[place.line][..<place.piece]
    if let first = here.first, let last = here.last {
      let end = place.street.map(\.lowerBound) ?? last.upperBound + 1
      let left = here.filter { $0.lowerBound < end }
      if let final = left.last { rest.append(first.lowerBound..<final.upperBound) }
    }
  }

  private mutating func takeContacts(near place: Place?) {
    var found: [(kind: String, value: Span, line: Int?, isLabelled: Bool)] = []
    for line in lines.indices where !taken[line] && !lines[line].isEmpty {
      if let (kind, value, isLabelled) = contact(lines[line], place?.country) { found.append((kind, value, line, isLabelled)) }
    }
    if let place, place.last + 1 < pieces[place.lines.upperBound].count {
      for piece in pieces[place.lines.upperBound][(place.last + 1)...] {
        if let (kind, value, isLabelled) = contact(piece, place.country) {
          found.append((kind, value, nil, isLabelled))
        } else if !piece.isEmpty {
          rest.append(piece)
        }
      }
    }
    for kind in ["main", "mobile", "fax", "email", "web"] {
      var mine = found.filter { $0.kind == kind }
      if mine.contains(where: \.isLabelled) { mine = mine.filter(\.isLabelled) }
      if mine.count == 1 {
        parts.append((kind, mine[0].value))
        if let line = mine[0].line { taken[line] = true }
      } else {
        mine = []
      }
      // On the place's own line the others have no line that is left.
      for one in found where one.kind == kind && one.line == nil && !mine.contains(where: { $0.value == one.value }) { rest.append(one.value) }
    }
  }

  // MARK: - Contacts

  private func contact(_ span: Span, _ country: BlockRules.Country?) -> (kind: String, value: Span, isLabelled: Bool)? {
    guard !span.isEmpty else { return nil }
    if let (kind, value) = labelled(span) {
      switch kind {
      case "email": return isEmail(value) ? (kind, value, true) : nil
      case "web": return isWeb(value, isLabelled: true) ? (kind, value, true) : nil
      default: return isNumber(value) ? (kind, value, true) : nil
      }
    }
    if isEmail(span) { return ("email", span, false) }
    if isWeb(span, isLabelled: false) { return ("web", span, false) }
    return isClearNumber(span, country) ? ("main", span, false) : nil
  }

  /// `Fax: …`, `T …`, `… (fax)`
  private func labelled(_ span: Span) -> (kind: String, value: Span)? {
    func kind(_ label: Span) -> String? {
      let name = word(label)
      return ["main", "mobile", "fax", "email", "web"].first { rules.has($0, name) }
    }
    if let colon = text[span].firstIndex(of: 0x3a), let kind = kind(trimmed(span.lowerBound..<colon)) {
      return (kind, trimmed((colon + 1)..<span.upperBound))
    }
    if text[span].last == 0x29, let open = text[span].lastIndex(of: 0x28), let kind = kind((open + 1)..<(span.upperBound - 1)) {
      return (kind, trimmed(span.lowerBound..<open))
    }
    let words = words(span)
    guard words.count > 1, let kind = kind(words[0]) else { return nil }
    return (kind, words[1].lowerBound..<span.upperBound)
  }

  /// Seven to fifteen digits with their separators, an extension behind them.
  private func isNumber(_ span: Span) -> Bool { groups(span).map { $0.reduce(0, +) }.map { 7...15 ~= $0 } ?? false }

  /// The counts of digits between separators; nil when it is no number.
  private func groups(_ span: Span) -> [Int]? {
    var words = words(span)
    // `x204`, `ext. 204`
    if words.count > 1, let last = words.last {
      let extensions = Array(text[last])
      if extensions.first.map({ $0 | 0x20 == 0x78 }) ?? false, extensions.count > 1, extensions.dropFirst().allSatisfy(BlockRules.isDigit) {
        words.removeLast()
      } else if words.count > 2, ["ext", "x"].contains(where: { word(words[words.count - 2]).elementsEqual($0.utf8) }),
        extensions.allSatisfy(BlockRules.isDigit)
      {
        words.removeLast(2)
      }
    }
    guard let first = words.first, let last = words.last else { return nil }
    let body = text[first.lowerBound..<last.upperBound]
    guard let start = body.first, BlockRules.isDigit(start) || start == 0x2b || start == 0x28, BlockRules.isDigit(body[body.endIndex - 1])
    else { return nil }
    var groups: [Int] = []
    var isInside = false
    for (index, byte) in body.enumerated() {
      if BlockRules.isDigit(byte) {
        if isInside { groups[groups.count - 1] += 1 } else { groups.append(1) }
        isInside = true
      } else {
        guard " ()-.".utf8.contains(byte) || byte == 0x2b && index == 0 else { return nil }
        isInside = false
      }
    }
    return groups
  }

  /// A number that is one without a label: `+49 …`, `(617) 555-0142`, and in Great Britain `0113 496 0142`.
  private func isClearNumber(_ span: Span, _ country: BlockRules.Country?) -> Bool {
    guard let groups = groups(span) else { return false }
    let count = groups.reduce(0, +)
    if text[span.lowerBound] == 0x2b { return 8...15 ~= count }
    let code = country?.code ?? []
    if code.elementsEqual("GB".utf8) {
      return groups.count > 1 && 10...11 ~= count && text[span].starts(with: "0".utf8) && !text[span].starts(with: "07".utf8)
    }
    guard code.isEmpty || code.elementsEqual("US".utf8) || code.elementsEqual("CA".utf8) else { return false }
    let digits = text[span].filter(BlockRules.isDigit)
    let area = groups == [3, 3, 4] ? digits[0] : groups == [1, 3, 3, 4] && digits[0] == 0x31 ? digits[1] : 0
    return area >= 0x32 && text[span].contains { $0 == 0x28 || $0 == 0x2d || $0 == 0x2e }
  }

  private func isEmail(_ span: Span) -> Bool {
    let text = text[span]
    guard let at = text.firstIndex(of: 0x40), at > span.lowerBound, text[(at + 1)...].firstIndex(of: 0x40) == nil else { return false }
    return isHost((at + 1)..<span.upperBound)
      && text[..<at].allSatisfy { BlockRules.isLetter($0) || BlockRules.isDigit($0) || ".-_+'&".utf8.contains($0) }
  }

  private func isHost(_ span: Span) -> Bool {
    let labels = text[span].split(separator: 0x2e, omittingEmptySubsequences: false)
    return labels.count > 1 && labels.allSatisfy { !$0.isEmpty && $0.allSatisfy { BlockRules.isLetter($0) || BlockRules.isDigit($0) || $0 == 0x2d } }
      && labels[labels.count - 1].count > 1 && labels[labels.count - 1].allSatisfy(BlockRules.isLetter)
  }

  private func isWeb(_ span: Span, isLabelled: Bool) -> Bool {
    let lower = key(span)
    guard !text[span].contains(where: { BlockRules.isBlank($0) || $0 == 0x40 }) else { return false }
    for scheme in ["http://", "https://"] where lower.starts(with: scheme.utf8) {
      let body = (span.lowerBound + scheme.utf8.count)..<span.upperBound
      return isHost(body.lowerBound..<(text[body].firstIndex(of: 0x2f) ?? body.upperBound))
    }
    guard isLabelled || lower.starts(with: "www.".utf8) else { return false }
    return isHost(span.lowerBound..<(text[span].firstIndex(of: 0x2f) ?? span.upperBound))
  }

  // MARK: - Spans

  private func trimmed(_ span: Span) -> Span {
    var (start, end) = (span.lowerBound, span.upperBound)
    while start < end, BlockRules.isBlank(text[start]) { start += 1 }
    while start < end, BlockRules.isBlank(text[end - 1]) { end -= 1 }
    return start..<end
  }

  private func split(_ span: Span, at byte: UInt8) -> [Span] {
    text[span].split(separator: byte, omittingEmptySubsequences: false).map { trimmed($0.startIndex..<$0.endIndex) }
  }

  private func words(_ span: Span) -> [Span] {
    text[span].split(whereSeparator: BlockRules.isBlank).map { $0.startIndex..<$0.endIndex }
  }

  private func key(_ span: Span) -> [UInt8] { Table.key(text[span]) }

  /// As the lists have it: without punctuation behind it.
  private func word(_ span: Span) -> [UInt8] {
    let key = key(span)
    return Array(key.prefix((key.lastIndex { !".,;:".utf8.contains($0) } ?? -1) + 1))
  }
}

extension BlockReader.Place {
  /// What belongs to the place ends there.
  fileprivate mutating func end(_ at: (span: Range<Int>, line: Int, piece: Int)) {
    lines = lines.lowerBound...at.line
    last = at.piece
  }
}
