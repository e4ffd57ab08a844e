import CrosswalkMapping
import CrosswalkModel
import CrosswalkSandbox
import Foundation
import Testing

/// Numbers at the end of what a number can be, wherever one comes from outside.
@Suite struct LargeNumberTests {
  private static let most = "\(Int.max)"

  private static func status(_ sandbox: Sandbox, _ system: String, _ line: String, _ body: String = "") async -> String {
    let type = [(name: "Content-Type", value: "application/json"), (name: "Accept", value: "application/json")]
    return String(await Played.call(sandbox, system, line, type, body).prefix(3))
  }

  @Test func pagesAndPartsFarBehindTheLastAreEmptyOrNotThere() async throws {
    let sandbox = try Played.sandbox(["trackops"])
    try await Played.seed(sandbox, "trackops", (1...3).map { #"{"id":\#($0),"name":"n\#($0)"}"# })
    for page in ["92233720368547760", Self.most, "2"] {
      #expect(await Played.call(sandbox, "trackops", "GET /api/v1/clients?page=\(page)").hasSuffix("\n[]\n"), "page \(page)")
    }
    #expect(await Self.status(sandbox, "trackops", "GET /api/v1/clients?page=9223372036854775808") == "422")
    for part in ["\(Int.min)", "-1", "0", "4", Self.most] {
      #expect(await Self.status(sandbox, "trackops", "GET /client/locations/\(part)") == "404", "part \(part)")
    }
    #expect(await Self.status(sandbox, "trackops", "GET /client/locations/3") == "200")
  }

  @Test func idsAndVersionsOfTheDataMayBeAsLargeAsTheyCan() async throws {
    let sandbox = try Played.sandbox(["harvest"])
    let ids = [Int.max, Int.max - 1, Int.max / 2, Int.max / 2 + 1, 5]
    try await Played.seed(
      sandbox, "harvest", ids.map { #"{"client":{"id":\#($0),"name":"n\#($0)","cache-version":\#(Int.max)}}"# })
    for number in 1...3 {
      #expect(await Self.status(sandbox, "harvest", "POST /clients", #"{"client":{"name":"new \#(number)"}}"#) == "201")
    }
    let known = sandbox.state().systems[0].records.compactMap { $0["id"] }
    #expect(known.count == 8 && Set(known).count == 8, "\(known)")
    for id in known { #expect(await Self.status(sandbox, "harvest", "GET /clients/\(id)") == "200", "\(id)") }
    #expect(await Self.status(sandbox, "harvest", "PUT /clients/\(Int.max)", #"{"client":{"name":"again"}}"#) == "200")
  }

  @Test func theClockGoesToItsLastYearAndNoFurther() async throws {
    let sandbox = try Played.sandbox(["harvest"])
    for seconds in [Self.most, "9223372036854775", "253370764800"] {
      #expect(await Self.status(sandbox, "harvest", "POST /__sandbox/clock", seconds) == "400", "\(seconds)")
    }
    #expect(await Played.call(sandbox, "harvest", "POST /__sandbox/clock", [], "251603539200").hasSuffix("9999-01-01T00:00:00.000Z\n"))
    #expect(await Self.status(sandbox, "harvest", "POST /clients", #"{"client":{"name":"late"}}"#) == "201")
    #expect(await Self.status(sandbox, "harvest", "POST /__sandbox/clock", "1") == "400")
  }

  @Test func aDescriptionWithSuchANumberIsRefused() throws {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Systems/lumen")
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-large-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: here, to: folder.appending(path: "lumen"))
    let file = folder.appending(path: "lumen/system.yaml")
    let text = try String(contentsOf: file, encoding: .utf8)
    for key in ["number", "seconds", "most"] {
      let place = try #require(text.range(of: "\\b\(key): [0-9]+", options: .regularExpression), "\(key)")
      try text.replacingCharacters(in: place, with: "\(key): \(Self.most)").write(to: file, atomically: true, encoding: .utf8)
      let library = try MappingLibrary(folders: [folder.path])
      let problems = library.system("lumen", canonical: try library.canonical(), checksAPI: true).1
      let found = problems.filter { !$0.labels.isEmpty && $0.help?.hasPrefix("it takes a whole number from ") == true }
      #expect(found.map(\.title) == ["`\(key)` cannot be `\(Self.most)`"], "\(key): \(problems)")
    }
  }
}
