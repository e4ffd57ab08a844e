import CrosswalkMapping
import Foundation
import TestSupport
import Testing

@Suite struct EmbeddedMappingsTests {
  @Test func everyEmbeddedSystemLoadsWithoutADiagnostic() throws {
    let library = try MappingLibrary()
    let canonical = try library.canonical()
    #expect(library.names.contains("canonical"))
    for name in library.names {
      let (system, problems) = library.system(name, canonical: canonical)
      #expect(problems.map(Kiosk.rendered) == [], "\(name)")
      #expect(system?.name == name)
    }
  }

  /// The list is made when the package is loaded, so that a folder added since then is missing.
  @Test func everyFolderOfMappingsIsEmbedded() throws {
    let folder = Repository.root.appending(path: "Mappings")
    let onDisk = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      FileManager.default.fileExists(atPath: folder.appending(path: "\($0)/client.yaml").path)
    }
    #expect(try MappingLibrary().names == onDisk.sorted(), "touch Package.swift and build again")
  }

  @Test func everyCanonicalFieldHasItsTypeAndItsBases() throws {
    let canonical = try MappingLibrary().canonical()
    #expect(canonical.fields.count == 66)
    #expect(canonical["address.full"]?.type == .lines)
    #expect(canonical["address.full"]?.derivedFrom.contains("address.street") == true)
    #expect(canonical["active"]?.type == .boolean)
  }
}
