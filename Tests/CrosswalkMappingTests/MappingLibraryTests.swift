import CrosswalkMapping
import CrosswalkModel
import Foundation
import Testing

@Suite struct MappingLibraryTests {
  @Test func aFolderAddsASystem() throws {
    try withFolder { folder in
      try write(Kiosk.system, to: folder, "kiosk/system.yaml")
      try write(Kiosk.client, to: folder, "kiosk/client.yaml")
      try write("no system", to: folder, "other/readme.txt")
      let library = try MappingLibrary(folders: [folder.path])
      #expect(library.names.contains("kiosk"))
      #expect(!library.names.contains("other"))
      let (system, problems) = library.system("kiosk", canonical: Kiosk.canonical)
      #expect(problems == [])
      #expect(system?.files == ["\(folder.path)/kiosk/system.yaml", "\(folder.path)/kiosk/client.yaml"])
    }
  }

  @Test func laterFoldersWinAndAllWinOverTheEnvironment() throws {
    try withFolder { folder in
      for name in ["a", "b", "c"] {
        try write(Kiosk.system + "title: \(name)\n", to: folder, "\(name)/kiosk/system.yaml")
        try write(Kiosk.client, to: folder, "\(name)/kiosk/client.yaml")
      }
      try write("x", to: folder, "a/tables/words.csv")
      let (a, b, c) = ("\(folder.path)/a", "\(folder.path)/b", "\(folder.path)/c")
      func title(_ library: MappingLibrary) -> String? { library.system("kiosk", canonical: Kiosk.canonical).0?.title }
      #expect(title(try MappingLibrary(environment: "\(a):\(b)")) == "b")
      #expect(title(try MappingLibrary(folders: [a], environment: "\(b):\(c)")) == "a")
      #expect(title(try MappingLibrary(folders: [a, c], environment: b)) == "c")
      #expect(try MappingLibrary(folders: [a, c]).table("words") == Array("x".utf8))
    }
  }

  @Test func aSystemThatDoesNotExistIsReportedWithTheNearest() throws {
    try withFolder { folder in
      try write(Kiosk.system, to: folder, "kiosk/system.yaml")
      try write(Kiosk.client, to: folder, "kiosk/client.yaml")
      let (system, problems) = try MappingLibrary(folders: [folder.path]).system("kisok", canonical: Kiosk.canonical)
      #expect(system == nil)
      #expect(problems.map(\.code) == [.unknownSystem])
      #expect(problems[0].title == "there is no system `kisok`")
      #expect(problems[0].help?.hasPrefix("did you mean `kiosk`? Accepted: ") == true)
    }
  }

  @Test func theProblemsOfBothFilesAreReportedEvenWhereNeitherIsYAML() throws {
    try withFolder { folder in
      try write("a: @", to: folder, "kiosk/system.yaml")
      try write("b: [", to: folder, "kiosk/client.yaml")
      let (_, problems) = try MappingLibrary(folders: [folder.path]).system("kiosk", canonical: Kiosk.canonical)
      #expect(
        problems.map { $0.labels[0].place.file } == [
          "\(folder.path)/kiosk/system.yaml", "\(folder.path)/kiosk/client.yaml",
        ])
    }
  }

  @Test func aMissingFileIsReported() throws {
    try withFolder { folder in
      try write(Kiosk.client, to: folder, "kiosk/client.yaml")
      let (_, problems) = try MappingLibrary(folders: [folder.path]).system("kiosk", canonical: Kiosk.canonical)
      #expect(
        problems.map(Kiosk.rendered) == [
          "M0202 - there is no `\(folder.path)/kiosk/system.yaml` | a system is a folder with system.yaml and client.yaml"
        ])
    }
  }

  @Test func aFolderThatIsMissingOrEmptyOrASystemItselfIsRefused() throws {
    try withFolder { folder in
      #expect(
        refusal(folder.path + "/none")
          == "M0202 - cannot read `\(folder.path)/none`: No such file or directory | a folder of mappings holds one folder a system, with system.yaml and client.yaml in it"
      )
      #expect(
        refusal(folder.path)
          == "M0204 - `\(folder.path)` holds no mapping | a mapping is a folder in it, named as its system, with system.yaml and client.yaml")
      try write(Kiosk.client, to: folder, "client.yaml")
      #expect(
        refusal(folder.path)
          == "M0204 - `\(folder.path)` holds no mapping | it is a system itself: name the folder above it")
    }
  }

  @Test func aLinkThatLeadsOutOfTheFolderIsRefusedAndOneInsideIsNot() throws {
    try withFolder { folder in
      try write(Kiosk.system, to: folder, "maps/kiosk/system.yaml")
      try write(Kiosk.client, to: folder, "maps-old/client.yaml")
      let link = folder.appending(path: "maps/kiosk/client.yaml").path
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../../maps-old/client.yaml")
      let library = try MappingLibrary(folders: [folder.path + "/maps"])
      #expect(
        library.system("kiosk", canonical: Kiosk.canonical).1.map(Kiosk.rendered) == [
          "M0203 - `\(folder.path)/maps/kiosk/client.yaml` is a link to `\(folder.path)/maps-old/client.yaml`, outside the folder | copy the file into the folder"
        ])
      #expect(try MappingLibrary(folders: [folder.path]).names.contains("maps-old"))

      try FileManager.default.removeItem(atPath: link)
      try write(Kiosk.client, to: folder, "maps/shared/client.txt")
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../shared/client.txt")
      #expect(library.system("kiosk", canonical: Kiosk.canonical).1 == [])
    }
  }

  @Test func aPipeIsRefusedAndNotWaitedFor() throws {
    try withFolder { folder in
      try write(Kiosk.system, to: folder, "kiosk/system.yaml")
      #expect(mkfifo(folder.appending(path: "kiosk/client.yaml").path, 0o600) == 0)
      let (_, problems) = try MappingLibrary(folders: [folder.path]).system("kiosk", canonical: Kiosk.canonical)
      #expect(
        problems.map(Kiosk.rendered) == [
          "M0202 - `\(folder.path)/kiosk/client.yaml` is not a plain file | put a file there"
        ])
    }
  }

  @Test(arguments: ["", "none", "../system", "a/b", "/etc/passwd", "a\0"])
  func aTableIsNothingOutsideTheTables(_ name: String) throws {
    #expect(try MappingLibrary().table(name) == nil)
  }

  private func refusal(_ folder: String) -> String? {
    do throws(Diagnostic) {
      _ = try MappingLibrary(folders: [folder])
      return nil
    } catch {
      return Kiosk.rendered(error)
    }
  }

  private func write(_ text: String, to folder: URL, _ path: String) throws {
    let file = folder.appending(path: path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }
}
