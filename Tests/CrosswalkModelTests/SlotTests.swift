import CrosswalkModel
import TestSupport
import Testing

@Suite struct SlotTests {
  @Test func aSlotGivesBackWhatWasPacked() {
    var random = Random(seed: 11)
    let kinds: [Kind] = [.null, .false, .true, .number, .text, .emptyObject, .emptyArray, .subtree]
    for _ in 0..<5000 {
      let kind = kinds.randomElement(using: &random)!
      let space = [Space.chunk, .arena, .pool].randomElement(using: &random)!
      let offset = Int.random(in: 0...Int(UInt32.max), using: &random)
      let length = Int.random(in: 0...Slot.maximumLength, using: &random)
      let (escaped, odd) = (Bool.random(using: &random), Bool.random(using: &random))
      let slot = Slot(kind, offset: offset, length: length, space: space, isEscaped: escaped, isOdd: odd)
      #expect(slot.kind == kind && slot.space == space && slot.offset == offset && slot.length == length)
      #expect(slot.isEscaped == escaped && slot.isOdd == odd && !slot.isAbsent)
      #expect(slot.isEmptyText == (kind == .text && length == 0))
      #expect(slot.isBlank == (kind == .null || kind == .text && length == 0))
    }
  }

  @Test func absentIsZeroAndBlank() {
    #expect(Slot.absent.bits == 0 && Slot.absent.isAbsent && Slot.absent.isBlank && Slot.absent.kind == .absent)
    #expect(Slot.null.kind == .null && Slot.null.isBlank && !Slot.null.isAbsent)
  }

  @Test func aRestoredSlotIsKnownAsOneOutsideTheChunkOnly() {
    let slot = Slot(.number, offset: 5, length: 3, space: .arena)
    #expect(slot.asRestored.isRestored && !slot.isRestored && slot.asRestored.offset == 5)
    #expect(!Slot(.text, offset: 0, length: 1, isEscaped: true, isOdd: true).isRestored)
  }
}
