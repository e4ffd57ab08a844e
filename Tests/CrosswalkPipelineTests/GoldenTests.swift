import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import Foundation
import TestSupport
import Testing

/// One file for each ordered pair of systems, in their first formats. `Goldens/REVIEW.md` says what each was compared with;
/// `RECORD=1` writes them anew.
@Suite struct GoldenTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Goldens")

  /// The list samples of a system in its first format: usual records, then each field once and kinds that nobody expects.
  static func samples(_ name: String) throws -> (files: [URL], format: Format) {
    let format = try #require(Twin.system(name).formats.first)
    let folder = Repository.root.appending(path: "Samples/\(name)")
    return (["clients", "everything"].map { folder.appending(path: "\($0).\(format)") }, format)
  }

  @Test(arguments: Twin.systems)
  func theSamplesHaveEveryFieldOfTheSystem(_ name: String) throws {
    let system = try Twin.system(name)
    let (files, format) = try GoldenTests.samples(name)
    var seen: Set<String> = []
    for file in files {
      for record in try system.documents(in: Repository.bytes(file), format: format).records {
        for leaf in try system.read(record.get(), format: format).leaves { if let field = leaf.field { seen.insert(field) } }
      }
    }
    #expect(system.fields.map(\.name).filter { !seen.contains($0) } == [])
  }

  @Test(arguments: Twin.pairs)
  func theListInTheFirstFormats(_ pair: [String]) throws {
    let (files, input) = try GoldenTests.samples(pair[0])
    let output = try #require(Twin.system(pair[1]).formats.first)
    let run = try Conversion.run("", "\(pair[0]):\(input)", to: "\(pair[1]):\(output)") { job in
      job.inputs = files.map { .file($0.path) }
    }
    // What depends on the place of the input, and on the bytes of the mapping files, is no part of the golden.
    let residue = run.residue.map { line -> String in
      guard case .object(let members) = line else { return line.json }
      return Tree.object(members.filter { ![Array("source".utf8), Array("map".utf8)].contains($0.name) }).json + "\n"
    }.joined()
    let name = "\(pair[0])-to-\(pair[1])"
    try GoldenTests.expect(run.text, "\(name).\(output)")
    try GoldenTests.expect(residue.isEmpty ? nil : residue, "\(name).residue.ndjson")
  }

  static func expect(_ text: String?, _ name: String) throws {
    let url = folder.appending(path: name)
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      try? FileManager.default.removeItem(at: url)
      if let text { try Data(text.utf8).write(to: url) }
      return
    }
    let golden = try? String(contentsOf: url, encoding: .utf8)
    #expect(text == golden, "Goldens/\(name)")
  }

  @Test func everyGoldenHasItsLineInTheReview() throws {
    let review = try String(contentsOf: GoldenTests.folder.appending(path: "REVIEW.md"), encoding: .utf8)
    for file in try FileManager.default.contentsOfDirectory(atPath: GoldenTests.folder.path) where file != "REVIEW.md" {
      #expect(review.contains("`\(file)`") || file.hasSuffix(".residue.ndjson"), "no line for \(file)")
    }
  }

  // MARK: - The two texts of the specification

  @Test func theVendorsSampleWithAnAddressAsAFormBody() throws {
    let run = try Conversion.run(
      FixtureTests.bytes("trackops/docs__create_client_request.json"), "trackops", to: "zoho-people:form"
    ) { job in
      job.shape = .create
      job.set = [.init(field: "currency.code", value: "USD")]
    }
    #expect(
      run.text
        == "clientName=ACME%20Client&currency=USD&phoneNo=555-555-5555&faxNo=555-555-5555&streetAddr=123%20Main%20Street%2C%20STE%20123&city=Denver&state=Colorado&pincode=80202&country=UNITED%20STATES&description=VIP%20client\n"
    )
  }

  @Test(arguments: ["zoho_people/seed__getclients.json", "zoho_people/seed__getclientdetails.xml"])
  func theVendorsSampleInOneLineAsABodyWithPlaces(_ file: String) throws {
    let run = try Conversion.run(FixtureTests.bytes(file), "zoho-people", to: "trackops") { $0.shape = .create }
    #expect(
      run.text
        == ##"{"client":{"name":"Adamo Meyrick","email_invoice":"ameyrickd@wix.com","notes":"Food Door Delivering Company","primary_location":{"name":"Main Location","address_1":"50, Oakland Avenue","city":"#206 A city","state":"FL","zip":"32104","country":"US","phone_primary":"656-630-9381","phone_secondary":"7708753134","phone_fax":"+1-212-9876543"}}}"##
        + "\n")
  }
}
