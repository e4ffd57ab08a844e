import CrosswalkFormats
import CrosswalkModel
import Foundation
import TestSupport

/// What a reader made of a record, in a form that two readers can be compared by.
struct XMLSnapshot: Equatable, CustomStringConvertible {
  var registers: [String]
  var extras: [String]
  var leaves: Int
  var hasContainerLeaf: Bool
  var hasLosingSpelling: Bool

  init(_ reader: XMLRecordReader, layout: Layout, isBalanced: inout Bool) {
    let frame = reader.frame
    let declared = XMLDeclared(layout)
    func show(_ slot: Slot) -> (String, Int) {
      switch slot.kind {
      case .subtree:
        let tree = try? XMLReference.fragment(Array(frame.raw(slot)), declared: declared)
        return (tree.map { "\($0)" } ?? "?", tree?.leafCount ?? -1)
      case .absent: return ("-", 0)
      case .null: return ("null", 1)
      default: return ("'" + String(decoding: frame.text(slot), as: UTF8.self) + "'", 1)
      }
    }
    registers = (0..<layout.registers).map { show(frame.slots[$0]).0 }
    var sum = (0..<layout.registers).reduce(0) { $0 + show(frame.slots[$1]).1 }
    extras = []
    for extra in frame.extras {
      let path = extra.path >= 0 ? reader.path(Int(extra.path)) : Array(frame.text(extra.pathText))
      let (text, count) = show(extra.value)
      // What is kept beside the leaves is none.
      let name = String(decoding: path, as: UTF8.self).split(separator: ".").last ?? ""
      let isAid = name.hasPrefix("@xmlns:") || name == "#order"
      let leaves = isAid ? 0 : count
      if leaves != Int(extra.leaves) { isBalanced = false }
      sum += leaves
      extras.append(String(decoding: path, as: UTF8.self) + " = " + text)
    }
    leaves = frame.leaves
    if sum != leaves { isBalanced = false }
    hasContainerLeaf = frame.hasContainerLeaf
    hasLosingSpelling = frame.hasLosingSpelling
  }

  var description: String { "\(registers) \(extras) leaves \(leaves) \(hasContainerLeaf) \(hasLosingSpelling)" }
}

/// One step of a run, offsets from the start of the input.
enum XMLStep: Equatable {
  case record(XMLSnapshot, Range<Int>)
  case rejected(FormatReason, at: Int, Range<Int>)
  case fatal(FormatReason, at: Int)
  case closed(Int)
  case end
  case unbalanced(Int)
}

enum XMLTesting {
  static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  static func reader(
    _ layout: Layout, recordName: String? = nil, ancestors: String = "", mode: XMLRecordReader.Mode = .elements,
    parser: XMLRecordReader.Parser = .auto, limits: Limits = Limits()
  ) -> XMLRecordReader {
    XMLRecordReader(
      layout: layout, frame: Frame(registers: layout.registers, encoding: .xml),
      recordName: recordName.map { Array($0.utf8) }, ancestors: Array(ancestors.utf8), limits: limits, mode: mode,
      parser: parser)
  }

  /// Reads a run in buffers that grow by pieces of the sizes that `size` gives.
  static func run(
    _ reader: XMLRecordReader, _ layout: Layout, _ input: [UInt8], from start: Int = 0, size: () -> Int = { Int.max }
  ) -> [XMLStep] {
    var steps: [XMLStep] = []
    var base = start
    var loaded = start
    func grow() {
      let more = size()
      loaded = more >= input.count - loaded ? input.count : loaded + max(more, 1)
    }
    grow()
    while true {
      let padded = Array(input[base..<loaded]) + [UInt8](repeating: 0, count: 64)
      var position = 0
      let isLast = loaded == input.count
      let outcome = padded.withUnsafeBufferPointer { buffer -> ReadOutcome in
        let outcome = reader.next(in: buffer.baseAddress!, at: &position, to: loaded - base, isLast: isLast)
        if outcome == .record {
          var isBalanced = true
          let snapshot = XMLSnapshot(reader, layout: layout, isBalanced: &isBalanced)
          let range = (base + reader.frame.start)..<(base + reader.frame.end)
          steps.append(isBalanced ? .record(snapshot, range) : .unbalanced(reader.frame.leaves))
        }
        return outcome
      }
      switch outcome {
      case .record: base += position
      case .rejected(let error):
        steps.append(
          .rejected(error.reason, at: base + error.offset, (base + reader.frame.start)..<(base + reader.frame.end)))
        base += position
      case .fatal(let error):
        steps.append(.fatal(error.reason, at: base + error.offset))
        return steps
      case .closed:
        steps.append(.closed(base + position))
        return steps
      case .end:
        steps.append(.end)
        return steps
      case .needMore:
        if isLast {
          steps.append(.fatal(.truncated, at: -1))
          return steps
        }
        grow()
      }
    }
  }

  /// What the plain rules make of one element.
  static func plain(_ node: XMLNode, _ layout: Layout, limits: Limits = Limits()) -> XMLStep {
    let reader = reader(layout, limits: limits)
    do {
      try reader.fill(node)
    } catch {
      return .rejected(error.reason, at: 0, 0..<0)
    }
    var isBalanced = true
    let snapshot = XMLSnapshot(reader, layout: layout, isBalanced: &isBalanced)
    return isBalanced ? .record(snapshot, 0..<0) : .unbalanced(reader.frame.leaves)
  }

  static let wholeCorpora = ProcessInfo.processInfo.environment["CROSSWALK_CORPORA"] == "1"
}
