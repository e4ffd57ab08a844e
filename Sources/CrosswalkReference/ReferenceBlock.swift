import CrosswalkModel

/// What a block of free text certainly holds, read once more by the rules of Mappings/README.md, "Free text".
package struct ReferenceBlock {
  typealias Text = ArraySlice<UInt8>

  private var found: [String: Text] = [:]
  private var left: [Text] = []

  /// nil when nothing is certain.
  package init?(_ text: [UInt8], _ tables: ReferenceTables) {
    var lines: [Text] = [[]]
    var start = 0
    for i in text.indices where text[i] == 0x0a || text[i] == 0x0d {
      if text[i] == 0x0a, i > 0, text[i - 1] == 0x0d {
        start = i + 1
        continue
      }
      lines[lines.count - 1] = text[start..<i]
      start = i + 1
      lines.append([])
    }
    lines[lines.count - 1] = text[start...]
    lines = lines.map(Self.trimmed)
    guard lines.count <= 20, text.count <= 2000 else { return nil }
    let words = tables.words
    if lines.contains(where: { words.phrases(in: $0).contains { words.is($0, "doubt") } }) { return nil }

    let pieces = lines.map { Self.cut($0) }
    var addresses: [Address] = []
    for line in lines.indices {
      for piece in pieces[line].indices {
        let page = Page(text: text, lines: lines, pieces: pieces, words: words, tables: tables)
        if let address = page.address(line, piece) { addresses.append(address) }
      }
    }
    if addresses.count > 1 { return nil }
    var used = Set(lines.indices.filter { lines[$0].isEmpty })
    var contacts: [Contact] = []
    if let address = addresses.first {
      found = address.parts
      used.formUnion(address.lines)
      left += address.before
      for piece in address.behind {
        if let contact = Contact(piece, words, address.country) { contacts.append(contact) } else if !piece.isEmpty { left.append(piece) }
      }
      for contact in contacts.indices { contacts[contact].isPiece = true }
    }
    for line in lines.indices where !used.contains(line) {
      if var contact = Contact(lines[line], words, addresses.first?.country) {
        contact.line = lines[line]
        contacts.append(contact)
      } else {
        left.append(lines[line])
      }
    }
    for contact in contacts {
      let same = contacts.filter { $0.kind == contact.kind }
      let best = same.contains(where: \.isLabelled) ? same.filter(\.isLabelled) : same
      if best.count == 1, best[0].value.startIndex == contact.value.startIndex {
        found[contact.kind] = contact.value
      } else {
        left.append(contact.isPiece ? contact.value : contact.line)
      }
    }
    if found.isEmpty { return nil }
  }

  /// - names: the parts that have a field; the others are left over.
  package func value(of part: String, among names: Set<String>) -> [UInt8]? {
    guard part == "rest" else { return found[part].map(Self.value) }
    let all = (left + found.filter { !names.contains($0.key) }.values).sorted { $0.startIndex < $1.startIndex }
    return all.isEmpty ? nil : Array(all.map(Self.value).joined(separator: [0x0a]))
  }

  private static func value(_ text: Text) -> [UInt8] {
    Array(ReferenceSystem.lines(Array(text)).map { trimmed($0[...]) }.joined(separator: [0x0a]))
  }

  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
  static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte >= 0x80 }

  static func trimmed(_ text: Text) -> Text {
    let front = text.drop(while: isBlank)
    return front[front.startIndex..<(front.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? front.startIndex)]
  }

  /// At commas.
  static func cut(_ line: Text) -> [Text] {
    line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(trimmed)
  }

  static func words(_ text: Text) -> [Text] { text.split(whereSeparator: isBlank) }

  /// The lists of the table `addresswords`.
  struct Words {
    private var lists: [String: Set<[UInt8]>] = [:]

    init(_ rows: [ReferenceTables.Row]) {
      for row in rows {
        lists[row["kind"] ?? ""] = Set((row["words"] ?? "").split(separator: "|").map { fold(Array($0.utf8)) })
      }
    }

    func `is`(_ word: [UInt8], _ list: String) -> Bool { lists[list]?.contains(word) ?? false }
    func ends(_ word: [UInt8], _ list: String) -> Bool {
      lists[list]?.contains { word.count > $0.count && Array(word.suffix($0.count)) == $0 } ?? false
    }
    /// A word without punctuation behind it.
    func plain(_ word: Text) -> [UInt8] {
      var text = fold(Array(word))
      while let last = text.last, ".,;:".utf8.contains(last) { text.removeLast() }
      return text
    }
    func `is`(_ word: Text, _ list: String) -> Bool { self.is(plain(word), list) }
    func kind(_ label: Text) -> String? { ["main", "mobile", "fax", "email", "web"].first { self.is(label, $0) } }
    /// One to three words that follow each other.
    func phrases(in line: Text) -> [[UInt8]] {
      let all = fold(Array(line)).split { " ,:.\t".utf8.contains($0) }
      return all.indices.flatMap { start in
        (start..<min(start + 3, all.count)).map { Array(all[start...$0].joined(separator: [0x20])) }
      }
    }
  }

  /// A postal code, and what it says of its neighbours.
  struct Address {
    var country: String
    var parts: [String: Text]
    var lines: Set<Int>
    /// What stands on its line before the street, and behind it.
    var before: [Text]
    var behind: [Text]
  }

  struct Page {
    typealias At = (line: Int, piece: Int)

    var text: [UInt8]
    var lines: [Text]
    var pieces: [[Text]]
    var words: Words
    var tables: ReferenceTables

    private func span(_ texts: some BidirectionalCollection<Text>) -> Text {
      texts.first.map { text[$0.startIndex..<texts.last!.endIndex] } ?? []
    }

    private func names(_ row: ReferenceTables.Row, _ column: String, have text: Text) -> Bool {
      // Few are as long: only those are compared.
      guard let cell = row[column], !cell.isEmpty else { return false }
      let wanted = fold(Array(text))
      return cell.utf8.split(separator: UInt8(ascii: "|")).contains { $0.count == wanted.count && fold(Array($0)) == wanted }
    }

    private func previous(_ at: At) -> At? {
      if at.piece > 0 { return (at.line, at.piece - 1) }
      return at.line > 0 && !lines[at.line - 1].isEmpty ? (at.line - 1, pieces[at.line - 1].count - 1) : nil
    }

    func address(_ line: Int, _ piece: Int) -> Address? {
      guard pieces[line][piece].contains(where: ReferenceBlock.isDigit) else { return nil }
      var next: (text: Text, at: At)?
      if piece + 1 < pieces[line].count {
        next = (pieces[line][piece + 1], (line, piece + 1))
      } else if line + 1 < lines.count, !lines[line + 1].isEmpty {
        next = (lines[line + 1], (line + 1, pieces[line + 1].count - 1))
      }
      let rows = tables.rows(of: "postcodes")
      let stated = next.flatMap { next in
        rows.first { names($0, "names", have: next.text) }?["country"] ?? tables.country(Array(next.text))?["code"]
      }
      for row in rows where stated == nil ? row["alone"] == "yes" : row["country"] == stated {
        guard let (found, at) = place(line, piece, row, isStated: stated != nil), isTown(found["city"] ?? []) else { continue }
        var (parts, last) = (found, (line: line, piece: piece))
        if let next, stated != nil {
          (parts["country"], last) = (next.text, next.at)
        } else if let next, parts["region"] == nil, names(row, "nations", have: next.text) {
          (parts["region"], last) = (next.text, next.at)
        }
        let isLedByStreet = at.piece > 0
        var above = Array(pieces[at.line][..<at.piece])
        if !isLedByStreet {
          var top = at.line
          while top > 0, !lines[top - 1].isEmpty, at.line - top < 5, Contact(lines[top - 1], words, row["country"]) == nil { top -= 1 }
          above = Array(lines[top..<at.line])
        }
        let street = street(above, row)
        parts["street"] = street
        if row["region"] == "listed", parts["region"] == nil, street == nil {
          if at.line != line || parts["country"] == nil && at.piece == piece { return nil }
        }
        let begin = street?.startIndex ?? lines[at.line].startIndex
        let before = isLedByStreet ? above.filter { $0.startIndex < street?.startIndex ?? .max } : []
        return Address(
          country: row["country"] ?? "", parts: parts,
          lines: Set(lines.indices.filter { ($0 >= at.line || lines[$0].startIndex >= begin) && $0 <= last.line && !lines[$0].isEmpty }),
          before: before.isEmpty ? [] : [span(before)],
          behind: Array(pieces[last.line].dropFirst(last.piece + 1)))
      }
      return nil
    }

    /// City, region and postal code, and where the city stands.
    private func place(_ line: Int, _ piece: Int, _ row: ReferenceTables.Row, isStated: Bool) -> (parts: [String: Text], at: At)? {
      let here = ReferenceBlock.words(pieces[line][piece])
      if row["town"] == "after",
        let count = [2, 1].first(where: { here.count > $0 && isCode(span(here[..<$0]), row) })
      {
        return (["postalCode": span(here[..<count]), "city": span(here[count...])], (line, piece))
      }
      guard let count = [2, 1].first(where: { here.count >= $0 && isCode(span(here.suffix($0)), row) }) else { return nil }
      let postal = span(here.suffix(count))
      let left = Array(here.dropLast(count))
      if row["region"] == "always" || isStated && row["region"] == "" {
        if let found = placeWithRegion(left, (line, piece), postal, row) { return found }
      }
      if row["region"] == "always" || row["town"] == "after" { return nil }
      var at: At = (line, piece)
      var city = span(left)
      if left.isEmpty {
        guard row["region"] == "listed", let other = previous(at) else { return nil }
        (at, city) = (other, pieces[other.line][other.piece])
      }
      guard names(row, "counties", have: city) else { return (["postalCode": postal, "city": city], at) }
      guard let other = previous(at), !names(row, "counties", have: pieces[other.line][other.piece]) else { return nil }
      return (["postalCode": postal, "region": city, "city": pieces[other.line][other.piece]], other)
    }

    private func placeWithRegion(
      _ left: [Text], _ here: At, _ postal: Text, _ row: ReferenceTables.Row
    ) -> (parts: [String: Text], at: At)? {
      guard let at = left.isEmpty ? previous(here) : here else { return nil }
      let words = left.isEmpty ? ReferenceBlock.words(pieces[at.line][at.piece]) : left
      for start in words.indices {
        let region = span(words[start...])
        guard let name = regionCode(region, row["country"] ?? "") else { continue }
        if let starts = row["starts"], !starts.isEmpty {
          let mine = starts.split(separator: "|").first { $0.utf8.first == postal.first }
          guard mine?.dropFirst(2).split(separator: " ").contains(where: { $0 == name }) ?? false else { return nil }
        }
        if start > 0 { return (["postalCode": postal, "region": region, "city": span(words[..<start])], at) }
        guard let other = previous(at), other.line == at.line || region.elementsEqual(name.utf8) else { return nil }
        return (["postalCode": postal, "region": region, "city": pieces[other.line][other.piece]], other)
      }
      return nil
    }

    /// `US-FL` is a code for a field, not one that people write in a line.
    private func regionCode(_ text: Text, _ country: String) -> String? {
      guard let row = tables.region(Array(text), in: country) else { return nil }
      return fold(Array(text)) == fold(Array("\(country)-".utf8) + ReferenceTables.shortCode(row)) ? nil : row["code"]
    }

    private func isCode(_ text: Text, _ row: ReferenceTables.Row) -> Bool {
      (row["forms"] ?? "").split(separator: "|").contains { form in
        form.utf8.count == text.count
          && zip(form.utf8, text).allSatisfy { sign, byte in
            sign == 0x39 ? ReferenceBlock.isDigit(byte) : sign == 0x41 ? (0x41...0x5a).contains(byte) : sign == byte
          }
      }
    }

    private func isTown(_ city: Text) -> Bool {
      let all = ReferenceBlock.words(city)
      guard let first = city.first, (0x41...0x5a).contains(first) || first >= 0x80, all.count <= 4, city.count <= 40 else { return false }
      return city.allSatisfy { ReferenceBlock.isLetter($0) || " \t.'-/".utf8.contains($0) }
        && !words.is(all[all.count - 1], "street") && !all.contains { words.is($0, "firm") || words.is($0, "person") }
    }

    // MARK: The street

    private func street(_ above: [Text], _ row: ReferenceTables.Row) -> Text? {
      let isAfter = row["town"] == "after"
      guard let first = above.firstIndex(where: { isNumbered($0, isAfter) || isUnit($0) }) else { return nil }
      let (over, lines) = (above[..<first], above[first...])
      if over.contains(where: { text in
        text.contains(where: ReferenceBlock.isDigit)
          || ReferenceBlock.words(text).contains { words.is($0, "building") || words.is($0, "unit") || words.is($0, "street") }
      }) { return nil }
      if lines.count > 4 || !lines.contains(where: { isNumbered($0, isAfter) }) { return nil }
      if lines.contains(where: { line in
        line.contains(UInt8(ascii: ":")) || words.phrases(in: line).contains { words.is($0, "person") }
      }) { return nil }
      return span(lines)
    }

    private func isUnit(_ line: Text) -> Bool {
      let all = ReferenceBlock.words(line)
      return all.count > 1 && words.is(all[0], "unit") && all[1].contains(where: ReferenceBlock.isDigit)
    }

    private func isNumbered(_ line: Text, _ numberMayBeLast: Bool) -> Bool {
      let all = ReferenceBlock.words(line)
      guard let last = all.last, all.count > 1 else { return false }
      func isStreet(_ word: Text) -> Bool { words.is(word, "street") }
      if isHouseNumber(all[0]), all.dropFirst().contains(where: isStreet) { return true }
      for count in [1, 2, 3] where all.count > count && words.is(span(all[..<count]), "box") {
        if all[count].first.map(ReferenceBlock.isDigit) ?? false { return true }
      }
      return numberMayBeLast && isHouseNumber(last)
        && (words.ends(words.plain(all[all.count - 2]), "streetEnd") || all.dropLast().contains(where: isStreet))
    }

    /// Digits, `-` and `/`, perhaps a letter behind.
    private func isHouseNumber(_ word: Text) -> Bool {
      var word = word.last == 0x2c ? word.dropLast() : word
      guard word.count <= 9, let first = word.first, ReferenceBlock.isDigit(first) else { return false }
      if let last = word.last, last < 0x80, ReferenceBlock.isLetter(last) {
        word = word.dropLast()
      } else if !ReferenceBlock.isDigit(word.last ?? 0) {
        return false
      }
      return word.allSatisfy { ReferenceBlock.isDigit($0) || $0 == 0x2d || $0 == 0x2f }
    }
  }

  /// A phone, fax, e-mail or web address that takes a line, or a piece behind a place.
  struct Contact {
    var kind: String
    var value: Text
    var isLabelled = true
    var isPiece = false
    var line: Text = []

    init?(_ line: Text, _ words: Words, _ country: String?) {
      let all = ReferenceBlock.words(line)
      guard let first = all.first, let end = line.last else { return nil }
      self.line = line
      if let colon = line.firstIndex(of: UInt8(ascii: ":")), let kind = words.kind(trimmed(line[..<colon])) {
        (self.kind, value) = (kind, trimmed(line[(colon + 1)...]))
      } else if end == UInt8(ascii: ")"), let open = line.lastIndex(of: UInt8(ascii: "(")), let kind = words.kind(line[(open + 1)...].dropLast()) {
        (self.kind, value) = (kind, trimmed(line[..<open]))
      } else if all.count > 1, let kind = words.kind(first) {
        (self.kind, value) = (kind, line[all[1].startIndex...])
      } else {
        (kind, value, isLabelled) = ("", line, false)
      }
      switch kind {
      case "email": if !Self.isEmail(value) { return nil }
      case "web": if !Self.isWeb(value, isLabelled: true) { return nil }
      case "":
        if Self.isEmail(line) {
          kind = "email"
        } else if Self.isWeb(line, isLabelled: false) {
          kind = "web"
        } else if Self.isPlainNumber(line, words, country) {
          kind = "main"
        } else {
          return nil
        }
      default:
        guard let groups = Self.groups(value, words), (7...15).contains(groups.joined().count) else { return nil }
      }
    }

    /// The digits of a number, cut at its separators; without an extension.
    private static func groups(_ text: Text, _ words: Words) -> [[UInt8]]? {
      var all = ReferenceBlock.words(text)
      func areDigits(_ text: Text) -> Bool { text.allSatisfy(isDigit) }
      if all.count > 1, let last = all.last, last.first == 0x78 || last.first == 0x58, last.count > 1, areDigits(last.dropFirst()) {
        all.removeLast()
      } else if all.count > 2, areDigits(all[all.count - 1]), [Array("ext".utf8), Array("x".utf8)].contains(words.plain(all[all.count - 2])) {
        all.removeLast(2)
      }
      guard var number = all.first, let end = all.last?.last, isDigit(end) else { return nil }
      number = text[number.startIndex..<all[all.count - 1].endIndex]
      guard let first = number.first, isDigit(first) || first == 0x28 || first == 0x2b else { return nil }
      guard number.enumerated().allSatisfy({ isDigit($1) || " ()-.".utf8.contains($1) || $1 == 0x2b && $0 == 0 }) else { return nil }
      return number.split { !isDigit($0) }.map(Array.init)
    }

    private static func isPlainNumber(_ text: Text, _ words: Words, _ country: String?) -> Bool {
      guard let groups = groups(text, words) else { return false }
      let digits = Array(groups.joined())
      if text.first == 0x2b { return (8...15).contains(digits.count) }
      switch country {
      case "GB":
        return groups.count > 1 && (10...11).contains(digits.count) && text.first == 0x30 && !text.starts(with: Array("07".utf8))
      case nil, "US", "CA":
        let sizes = groups.map(\.count)
        let area = sizes == [3, 3, 4] ? groups[0] : sizes == [1, 3, 3, 4] && groups[0] == [0x31] ? groups[1] : [0]
        return area[0] >= 0x32 && text.contains { "(-.".utf8.contains($0) }
      default: return false
      }
    }

    private static func isHost(_ text: Text) -> Bool {
      let labels = text.split(separator: 0x2e, omittingEmptySubsequences: false)
      guard labels.count > 1, let top = labels.last, top.count > 1, top.allSatisfy(isLetter) else { return false }
      return labels.allSatisfy { !$0.isEmpty && $0.allSatisfy { isLetter($0) || isDigit($0) || $0 == 0x2d } }
    }

    private static func isEmail(_ text: Text) -> Bool {
      let sides = text.split(separator: 0x40, omittingEmptySubsequences: false)
      return sides.count == 2 && !sides[0].isEmpty && isHost(sides[1])
        && sides[0].allSatisfy { isLetter($0) || isDigit($0) || ".-_+'&".utf8.contains($0) }
    }

    private static func isWeb(_ text: Text, isLabelled: Bool) -> Bool {
      if text.contains(where: { isBlank($0) || $0 == 0x40 }) { return false }
      let small = fold(Array(text))
      for scheme in ["http://", "https://"] where small.starts(with: scheme.utf8) {
        return isHost(text.dropFirst(scheme.utf8.count).prefix { $0 != 0x2f })
      }
      return (isLabelled || small.starts(with: "www.".utf8)) && isHost(text.prefix { $0 != 0x2f })
    }
  }
}
