import Foundation
import PackagePlugin

/// Puts every file of `Mappings/` into the binary. A new folder there needs no edit here; after adding or removing a file
/// `touch Package.swift`, since the list is made when the package is loaded.
@main
struct EmbedMappings: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let root = context.package.directoryURL.appending(path: "Mappings")
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedMappings.swift")
    var files: [URL] = []
    if let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil) {
      for case let file as URL in walk where ["yaml", "csv"].contains(file.pathExtension) { files.append(file) }
    }
    files.sort { $0.path < $1.path }
    return [
      .buildCommand(
        displayName: "Embedding \(files.count) mapping files",
        executable: try context.tool(named: "embed-mappings").url,
        arguments: [output.path, root.path] + files.map(\.path),
        inputFiles: files,
        outputFiles: [output])
    ]
  }
}
