import Foundation
import TestSupport

/// Makes bad inputs out of good ones.
struct Mutator {
  var random: Random
  let seeds: [[UInt8]]
  /// What means something to the reader.
  let tokens: [[UInt8]]
  static let longest = 64 << 10

  init(seed: UInt64, seeds: [[UInt8]], tokens: [String]) {
    random = Random(seed: seed)
    self.seeds = seeds.filter { !$0.isEmpty && $0.count <= Mutator.longest }
    self.tokens = tokens.map { Array($0.utf8) } + [[0], [0x80], [0xc3], [0xed, 0xa0, 0x80], [0xff], [0xef, 0xbb, 0xbf], [0xc0, 0x80]]
  }

  mutating func number(_ n: Int) -> Int { Int.random(in: 0..<max(n, 1), using: &random) }

  mutating func next() -> [UInt8] {
    var bytes = seeds.randomElement(using: &random) ?? []
    for _ in 0..<(1 + number(6)) { change(&bytes) }
    return Array(bytes.prefix(Mutator.longest))
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let at = number(bytes.count + 1)
    let end = min(bytes.count, at + 1 + number(1 << number(10)))
    switch number(11) {
    case 0: if at < bytes.count { bytes[at] ^= 1 << UInt8(number(8)) }
    case 1: if at < bytes.count { bytes[at] = UInt8(number(256)) }
    case 2: bytes.removeSubrange(at..<end)
    case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
    case 4: bytes.removeSubrange(at...)
    case 5:
      // A piece of another input.
      let other = seeds.randomElement(using: &random) ?? []
      let from = number(other.count)
      bytes.insert(contentsOf: other[from..<min(other.count, from + 1 + number(1 << number(12)))], at: at)
    case 6:
      // One piece many times: depth, length, many of a kind.
      let token = number(2) == 0 ? (tokens.randomElement(using: &random) ?? []) : Array(bytes[at..<min(end, at + 16)])
      bytes.insert(contentsOf: (0..<number(1 << number(12))).flatMap { _ in token }.prefix(Mutator.longest), at: at)
    case 7:
      // Two places change their contents.
      guard bytes.count > 1 else { return }
      bytes.swapAt(number(bytes.count), number(bytes.count))
    case 8:
      bytes.replaceSubrange(at..<end, with: tokens.randomElement(using: &random) ?? [])
    default: bytes.insert(contentsOf: tokens.randomElement(using: &random) ?? [], at: at)
    }
  }
}

/// Inputs to begin with.
enum Seeds {
  /// The repository's samples of a format.
  static func samples(_ system: String? = nil, ending: String) -> [[UInt8]] {
    files(under: Repository.root.appending(path: "Samples" + (system.map { "/\($0)" } ?? "")), ending: ending)
  }

  /// Files of the shared suites; none where they are missing.
  static func suite(_ path: String, ending: String) -> [[UInt8]] {
    guard let folder = Repository.shared("suites/\(path)") else { return [] }
    return files(under: folder, ending: ending)
  }

  static func files(under folder: URL, ending: String) -> [[UInt8]] {
    let names = (FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String] ?? []).sorted()
    var all: [[UInt8]] = []
    for name in names where name.hasSuffix(ending) {
      let url = folder.appending(path: name)
      let size = (try? url.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0
      if size > 0, size <= Mutator.longest, let bytes = try? Repository.bytes(url) { all.append(bytes) }
    }
    return all
  }
}

/// Runs a body over mutated inputs for `CROSSWALK_FUZZ_SECONDS` (2 where it is not set). The seed is printed; what made the program
/// end or stand still is left in a file beside it.
enum Fuzz {
  static let seconds = ProcessInfo.processInfo.environment["CROSSWALK_FUZZ_SECONDS"].flatMap { Double($0) } ?? 2
  static let seed = ProcessInfo.processInfo.environment["CROSSWALK_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 40)
  /// One input must not take longer: also in a debug build, on a busy machine.
  static let patience = 60.0

  static func run(_ name: String, seeds: [[UInt8]], tokens: [String], _ body: ([UInt8]) throws -> Void) rethrows {
    var mutator = Mutator(seed: seed, seeds: seeds, tokens: tokens)
    let file = FileManager.default.temporaryDirectory.appending(path: "crosswalk-fuzz-\(name)-\(seed)")
    print("fuzz \(name): seed \(seed), \(mutator.seeds.count) inputs to begin with; the last one stands in \(file.path)")
    let watch = Watch(name: name, file: file.path)
    let started = ContinuousClock.now
    var count = 0
    while ContinuousClock.now - started < .seconds(seconds) {
      let bytes = mutator.next()
      try? Data(bytes).write(to: file)
      watch.tick()
      try body(bytes)
      count += 1
    }
    watch.stop()
    try? FileManager.default.removeItem(at: file)
    print("fuzz \(name): \(count) inputs")
  }

  /// Ends the program when an input takes too long.
  private final class Watch: @unchecked Sendable {
    private let lock = NSLock()
    private var last: Date? = Date()

    init(name: String, file: String) {
      Thread.detachNewThread { [self] in
        while let since = lock.withLock({ last }) {
          if Date().timeIntervalSince(since) > Fuzz.patience { fatalError("fuzz \(name) stands still on \(file)") }
          Thread.sleep(forTimeInterval: 0.2)
        }
      }
    }

    func tick() { lock.withLock { last = Date() } }
    func stop() { lock.withLock { last = nil } }
  }
}
