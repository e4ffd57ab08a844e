import CrosswalkFormats
import CrosswalkModel
import Foundation
import TestSupport
import Testing

/// The W3C suite and libxml2's own documents (their NOTE.md says what a pass is).
@Suite struct XMLSuiteTests {
  struct Case {
    var id: String
    var type: String
    var entities: String
    var recommendation: String
    var editions: String
    var hasDoctype: Bool
    var file: URL
  }

  static let conformance = Repository.shared("suites/xmlconf")
  static let libxml2 = Repository.shared("suites/libxml2-test")

  static func cases() throws -> [Case] {
    guard let folder = conformance else { return [] }
    let table = String(decoding: try Repository.bytes(folder.appending(path: "cases.tsv")), as: UTF8.self)
    return table.split(separator: "\n").dropFirst().map { line in
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      return Case(
        id: cells[0], type: cells[1], entities: cells[2], recommendation: cells[3], editions: cells[4],
        hasDoctype: cells[5] == "dtd", file: folder.appending(path: "xmlconf/" + cells[7]))
    }
  }

  @Test func theSuitesAreThere() {
    if Repository.isCI {
      #expect(XMLSuiteTests.conformance != nil)
      #expect(XMLSuiteTests.libxml2 != nil)
    }
  }

  /// Profile A: with DOCTYPEs, libxml2 alone.
  @Test(.enabled(if: conformance != nil)) func libxml2GetsEveryStrictCaseOfTheFifthEditionRight() throws {
    var right = 0
    var all = 0
    var wrong: [String] = []
    for item in try XMLSuiteTests.cases() {
      guard item.recommendation.hasPrefix("XML1.0"), item.entities == "none",
        item.editions.isEmpty || item.editions.contains("5"),
        item.type != "error"
      else { continue }
      all += 1
      let accepts = XMLAuthority.acceptsWithDoctype(try Repository.bytes(item.file))
      if accepts == (item.type != "not-wf") { right += 1 } else { wrong.append(item.id) }
    }
    #expect(right == all, "\(wrong)")
    #expect(all == 1208)
  }

  /// Profile B: as we read it. A DOCTYPE is refused; without one the reference, libxml2 and the reader agree with the
  /// suite.
  @Test(.enabled(if: conformance != nil)) func withoutDoctypesEveryCaseIsRight() throws {
    var counts = (refused: 0, accepted: 0, doctypes: 0, free: 0)
    var wrong: [String] = []
    for item in try XMLSuiteTests.cases() {
      guard item.recommendation.hasPrefix("XML1.0") || item.recommendation.hasPrefix("NS1.0"),
        item.editions.isEmpty || item.editions.contains("5")
      else { continue }
      let bytes = try Repository.bytes(item.file)
      let verdicts = self.verdicts(bytes)
      if item.hasDoctype {
        counts.doctypes += 1
        // The word stands in a comment or a PI there.
        if ["o-p15pass1", "o-p16pass1", "o-p18pass1"].contains(item.id) {
          if verdicts.contains(where: { !$0.accepts }) { wrong.append("\(item.id) \(verdicts)") }
          continue
        }
        if verdicts.contains(where: { $0.accepts }) { wrong.append("\(item.id) \(verdicts)") }
        continue
      }
      switch item.type {
      case "not-wf":
        counts.refused += 1
        if verdicts.contains(where: { $0.accepts }) { wrong.append("\(item.id) \(verdicts)") }
      case "error": counts.free += 1
      default:
        counts.accepted += 1
        if verdicts.contains(where: { !$0.accepts }) { wrong.append("\(item.id) \(verdicts)") }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
    #expect(counts == (243, 72, 1686, 1))
  }

  @Test(.enabled(if: libxml2 != nil)) func libxml2OwnDocumentsAreJudgedAlike() throws {
    let folder = XMLSuiteTests.libxml2!
    let table = String(decoding: try Repository.bytes(folder.appending(path: "cases.tsv")), as: UTF8.self)
    var wrong: [String] = []
    var bombs = 0
    for line in table.split(separator: "\n").dropFirst() {
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      let file = folder.appending(path: "test/" + (cells[0] == "top" ? cells[1] : cells[0] + "/" + cells[1]))
      guard let bytes = try? Repository.bytes(file) else {
        wrong.append("missing \(cells[0])/\(cells[1])")
        continue
      }
      var verdicts: [Verdict] = []
      let time = processorTime { verdicts = self.verdicts(bytes) }
      if cells[0] == "recurse", time > .seconds(1) { wrong.append("\(cells[1]) took \(time)") }
      if Set(verdicts.map(\.accepts)).count > 1 { wrong.append("\(cells[0])/\(cells[1]) \(verdicts)") }
      if cells[3] == "error", verdicts.contains(where: { $0.accepts }) { wrong.append("\(cells[1]) accepted") }
      if cells[0] == "recurse" {
        bombs += 1
        if verdicts.contains(where: { $0.accepts }) { wrong.append("\(cells[1]) accepted") }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
    #expect(bombs == 13)
  }

  struct Verdict: CustomStringConvertible {
    var who: String
    var accepts: Bool
    var why: String
    var description: String { "\(who): \(accepts) \(why)" }
  }

  /// The reference, libxml2 behind our guards, and the reader with and without its own tokenizer; and, where all
  /// accept, the same contents.
  func verdicts(_ bytes: [UInt8]) -> [Verdict] {
    var verdicts: [Verdict] = []
    var node: XMLNode?
    do throws(FormatError) {
      node = try XMLReference.document(bytes)
      verdicts.append(Verdict(who: "reference", accepts: true, why: ""))
    } catch {
      verdicts.append(Verdict(who: "reference", accepts: false, why: "\(error)"))
    }
    do throws(FormatError) {
      let other = try XMLAuthority().document(bytes)
      verdicts.append(
        Verdict(who: "authority", accepts: node == nil || other == node, why: other == node ? "" : "differs \(other)"))
      if node == nil { verdicts[verdicts.count - 1].accepts = true }
    } catch {
      verdicts.append(Verdict(who: "authority", accepts: false, why: "\(error)"))
    }
    guard let text = try? XMLEncoding.transcode(bytes) else {
      verdicts.append(Verdict(who: "encoding", accepts: false, why: ""))
      return verdicts
    }
    let expected = node.map { XMLTesting.plain($0, Layout()) }
    for parser in XMLRecordReader.Parser.allCases {
      let steps = XMLTesting.run(XMLTesting.reader(Layout(), mode: .documents([]), parser: parser), Layout(), text)
      var accepts = false
      var why = "\(steps)"
      if steps.count == 2, case .record(let snapshot, _) = steps[0], steps[1] == .end {
        accepts = true
        why = ""
        if case .record(let plain, _) = expected, plain != snapshot {
          accepts = false
          why = "differs: \(snapshot) \(plain)"
        }
      }
      verdicts.append(Verdict(who: parser.rawValue, accepts: accepts, why: String(why.prefix(300))))
    }
    return verdicts
  }
}
