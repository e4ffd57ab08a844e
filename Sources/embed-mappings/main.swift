// embed-mappings OUTPUT ROOT FILE…: writes the files as one Swift source, a list of (path below ROOT, text). No Foundation: the
// tool is built before everything else.
import Glibc

func bytes(of path: String) -> [UInt8] {
  guard let file = fopen(path, "rb") else {
    perror(path)
    exit(1)
  }
  defer { fclose(file) }
  var all: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { all += chunk[..<count] }
  return all
}

let arguments = CommandLine.arguments
let root = arguments[2] + "/"
var source = "package let embeddedMappings: [(path: StaticString, text: StaticString)] = [\n"
for path in arguments.dropFirst(3) {
  let text = String(decoding: bytes(of: path), as: UTF8.self)
  // A line that ends in a backslash would join its neighbour and a CR would be refused; three #s leave the rest alone.
  source += "  (\"\(path.dropFirst(root.count))\", ###\"\"\"\n\(text)\n\"\"\"###),\n"
}
source += "]\n"
guard let output = fopen(arguments[1], "wb") else {
  perror(arguments[1])
  exit(1)
}
fputs(source, output)
fclose(output)
