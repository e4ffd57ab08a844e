// Byte scans, 16 at a time: static inline, so that they are inlined into Swift. SSE2 on x86-64, NEON on arm64, a plain
// loop elsewhere; all three give the same answers (CrosswalkFormatsTests holds them to the reference readers).
//
// Every function may read up to 64 bytes past the byte it stops at: the caller keeps 64 bytes of padding behind its data.
#ifndef CROSSWALK_CSIMD_H
#define CROSSWALK_CSIMD_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define CW_INLINE static inline __attribute__((always_inline, unused))

#if defined(__SSE2__)
typedef __m128i cw_v;
#define CW_STEP 1
CW_INLINE cw_v cw_load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }
CW_INLINE cw_v cw_all(uint8_t c) { return _mm_set1_epi8((char)c); }
CW_INLINE cw_v cw_eq(cw_v a, cw_v b) { return _mm_cmpeq_epi8(a, b); }
CW_INLINE cw_v cw_or(cw_v a, cw_v b) { return _mm_or_si128(a, b); }
CW_INLINE cw_v cw_le(cw_v a, cw_v limit) { return _mm_cmpeq_epi8(_mm_min_epu8(a, limit), a); }
CW_INLINE uint64_t cw_bits(cw_v m) { return (uint64_t)(uint32_t)_mm_movemask_epi8(m); }
CW_INLINE uint64_t cw_high(cw_v v) { return (uint64_t)(uint32_t)_mm_movemask_epi8(v); }
#elif defined(__aarch64__)
typedef uint8x16_t cw_v;
// Four bits a byte: the index is the count of trailing zeros divided by four.
#define CW_STEP 4
CW_INLINE cw_v cw_load(const uint8_t *p) { return vld1q_u8(p); }
CW_INLINE cw_v cw_all(uint8_t c) { return vdupq_n_u8(c); }
CW_INLINE cw_v cw_eq(cw_v a, cw_v b) { return vceqq_u8(a, b); }
CW_INLINE cw_v cw_or(cw_v a, cw_v b) { return vorrq_u8(a, b); }
CW_INLINE cw_v cw_le(cw_v a, cw_v limit) { return vcleq_u8(a, limit); }
CW_INLINE uint64_t cw_bits(cw_v m) {
  return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(m), 4)), 0);
}
CW_INLINE uint64_t cw_high(cw_v v) { return cw_bits(vcgeq_u8(v, vdupq_n_u8(0x80))); }
#else
#define CW_PLAIN 1
#endif

/// Bytes from `p` to the first `"`, `\` or control character (below 0x20). Sets `*high` non-zero when a byte of 0x80 or
/// above stands before it. The padding's zero bytes stop the scan.
CW_INLINE size_t cw_scan_string(const uint8_t *p, uint64_t *high) {
#ifndef CW_PLAIN
  const cw_v quote = cw_all('"'), escape = cw_all('\\'), control = cw_all(0x1f);
  size_t n = 0;
  uint64_t seen = 0;
  for (;;) {
    cw_v v = cw_load(p + n);
    uint64_t stop = cw_bits(cw_or(cw_or(cw_eq(v, quote), cw_eq(v, escape)), cw_le(v, control)));
    uint64_t top = cw_high(v);
    if (stop) {
      uint64_t below = (stop & (0 - stop)) - 1;
      *high |= seen | (top & below);
      return n + (size_t)__builtin_ctzll(stop) / CW_STEP;
    }
    seen |= top;
    n += 16;
  }
#else
  size_t n = 0;
  for (;; n++) {
    uint8_t c = p[n];
    if (c == '"' || c == '\\' || c < 0x20) return n;
    *high |= c & 0x80;
  }
#endif
}

/// The inside of a JSON string whose escapes are all of `\n`, `\r`, `\t`, `\"`: bytes from `p` to its closing `"`, or to the first
/// control character or backslash of another escape. `*high` as above; `*escaped` is set where an escape was passed. Steps of
/// 32 bytes, and one step for all the escapes in it: how long strings are and where they are escaped is what a processor
/// predicts worst.
CW_INLINE size_t cw_scan_json(const uint8_t *p, uint64_t *high, uint64_t *escaped) {
#if defined(__SSE2__)
  const cw_v quote = cw_all('"'), escape = cw_all('\\'), control = cw_all(0x1f);
  size_t n = 0;
  uint64_t seen = 0, carry = 0, any = 0;
  for (;;) {
    cw_v a = cw_load(p + n), b = cw_load(p + n + 16);
    uint64_t slash = cw_bits(cw_eq(a, escape)) | cw_bits(cw_eq(b, escape)) << 16;
    uint64_t quotes = cw_bits(cw_eq(a, quote)) | cw_bits(cw_eq(b, quote)) << 16;
    uint64_t stop = quotes | cw_bits(cw_le(a, control)) | cw_bits(cw_le(b, control)) << 16;
    uint64_t top = cw_high(a) | cw_high(b) << 16;
    if (slash | carry) {
      const cw_v feed = cw_all('n'), ret = cw_all('r'), tab = cw_all('t');
      cw_v short_a = cw_or(cw_or(cw_eq(a, feed), cw_eq(a, ret)), cw_eq(a, tab));
      cw_v short_b = cw_or(cw_or(cw_eq(b, feed), cw_eq(b, ret)), cw_eq(b, tab));
      uint64_t known = quotes | cw_bits(short_a) | cw_bits(short_b) << 16;
      uint64_t behind = slash << 1 | carry;
      // A backslash that is escaped, or escapes something else, stops the scan at the one before it: shifted down by one,
      // and what stood in the step before is told by `odd` being of bit 0.
      uint64_t odd = behind & ~known & 0xffffffff;
      stop = (stop & ~behind) | odd;
      if (stop) {
        uint64_t first = stop & (0 - stop);
        size_t at = n + (size_t)__builtin_ctzll(stop);
        *high |= seen | (top & (first - 1));
        if (odd & first) at -= 1;
        *escaped |= any | (slash & (first - 1) & ~(odd & first ? first >> 1 : 0));
        return at;
      }
      any |= slash;
      carry = slash >> 31;
    } else if (stop) {
      uint64_t below = (stop & (0 - stop)) - 1;
      *high |= seen | (top & below);
      *escaped |= any;
      return n + (size_t)__builtin_ctzll(stop);
    }
    seen |= top;
    n += 32;
  }
#else
  size_t n = 0;
  for (;;) {
    n += cw_scan_string(p + n, high);
    if (p[n] != '\\' || (p[n + 1] != 'n' && p[n + 1] != 'r' && p[n + 1] != 't' && p[n + 1] != '"')) return n;
    *escaped = 1;
    n += 2;
  }
#endif
}

/// Whether `n` bytes are UTF-8 of the common kind: ASCII and sequences of two to four bytes whose lead alone says that they are
/// valid. 0 says only that somebody has to look: an error, or one of the leads E0, ED, F0, F4.
CW_INLINE int cw_is_common_utf8(const uint8_t *p, size_t n) {
#if defined(__SSE2__)
  uint64_t due = 0;
  for (size_t i = 0; i < n; i += 16) {
    cw_v v = cw_load(p + i);
    uint64_t high = cw_high(v), all = 0xffff;
    if (n - i < 16) high &= all = ((uint64_t)1 << (n - i)) - 1;
    // Unsigned comparisons by the minimum: v <= limit.
    uint64_t tail = high & cw_bits(cw_le(v, cw_all(0xbf)));
    uint64_t two = high & ~tail, three = high & ~cw_bits(cw_le(v, cw_all(0xdf))), four = high & ~cw_bits(cw_le(v, cw_all(0xef)));
    cw_v odd = cw_or(cw_or(cw_eq(v, cw_all(0xc0)), cw_eq(v, cw_all(0xc1))), cw_or(cw_eq(v, cw_all(0xe0)), cw_eq(v, cw_all(0xed))));
    uint64_t hard = high & (cw_bits(odd) | cw_bits(cw_eq(v, cw_all(0xf0))) | ~cw_bits(cw_le(v, cw_all(0xf3))));
    uint64_t wanted = due | two << 1 | three << 2 | four << 3;
    if (hard | (tail ^ (wanted & 0xffff & all))) return 0;
    due = n - i < 16 ? wanted >> (n - i) : wanted >> 16;
  }
  return due == 0;
#else
  (void)p, (void)n;
  return 0;
#endif
}

/// Bytes from `p` to the first of `a`, `b`, `c`, `d` or a control character (below 0x20); `*high` as above.
CW_INLINE size_t cw_scan_any(const uint8_t *p, uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint64_t *high) {
#ifndef CW_PLAIN
  const cw_v va = cw_all(a), vb = cw_all(b), vc = cw_all(c), vd = cw_all(d), control = cw_all(0x1f);
  size_t n = 0;
  uint64_t seen = 0;
  for (;;) {
    cw_v v = cw_load(p + n);
    uint64_t stop = cw_bits(cw_or(cw_or(cw_or(cw_eq(v, va), cw_eq(v, vb)), cw_or(cw_eq(v, vc), cw_eq(v, vd))), cw_le(v, control)));
    uint64_t top = cw_high(v);
    if (stop) {
      uint64_t below = (stop & (0 - stop)) - 1;
      *high |= seen | (top & below);
      return n + (size_t)__builtin_ctzll(stop) / CW_STEP;
    }
    seen |= top;
    n += 16;
  }
#else
  size_t n = 0;
  for (;; n++) {
    uint8_t x = p[n];
    if (x == a || x == b || x == c || x == d || x < 0x20) return n;
    *high |= x & 0x80;
  }
#endif
}

/// Bytes from `p` to the first that does not stand in XML output as it is: `<`, `>`, `&`, `"`, a control character (below
/// 0x20), or 0xef (which may start U+FFFE or U+FFFF); at most `count`.
CW_INLINE size_t cw_scan_markup(const uint8_t *p, size_t count) {
#ifndef CW_PLAIN
  const cw_v lt = cw_all('<'), gt = cw_all('>'), amp = cw_all('&'), quote = cw_all('"'), top = cw_all(0xef);
  const cw_v control = cw_all(0x1f);
  for (size_t n = 0; n < count; n += 16) {
    cw_v v = cw_load(p + n);
    cw_v a = cw_or(cw_or(cw_eq(v, lt), cw_eq(v, gt)), cw_or(cw_eq(v, amp), cw_eq(v, quote)));
    uint64_t stop = cw_bits(cw_or(a, cw_or(cw_eq(v, top), cw_le(v, control))));
    if (stop) {
      n += (size_t)__builtin_ctzll(stop) / CW_STEP;
      return n < count ? n : count;
    }
  }
  return count;
#else
  for (size_t n = 0; n < count; n++) {
    uint8_t c = p[n];
    if (c == '<' || c == '>' || c == '&' || c == '"' || c == 0xef || c < 0x20) return n;
  }
  return count;
#endif
}

/// Bytes from `p` to the first that ends a run of plain XML text: `<`, `&`, `]`, or a control character other than tab and
/// LF; `*high` as in `cw_scan_string`.
CW_INLINE size_t cw_scan_text(const uint8_t *p, uint64_t *high) {
#ifndef CW_PLAIN
  const cw_v lt = cw_all('<'), amp = cw_all('&'), bracket = cw_all(']'), control = cw_all(0x1f);
  const cw_v tab = cw_all(9), feed = cw_all(10);
  size_t n = 0;
  uint64_t seen = 0;
  for (;;) {
    cw_v v = cw_load(p + n);
    uint64_t blank = cw_bits(cw_or(cw_eq(v, tab), cw_eq(v, feed)));
    uint64_t stop = cw_bits(cw_or(cw_or(cw_eq(v, lt), cw_eq(v, amp)), cw_or(cw_eq(v, bracket), cw_le(v, control)))) & ~blank;
    uint64_t top = cw_high(v);
    if (stop) {
      uint64_t below = (stop & (0 - stop)) - 1;
      *high |= seen | (top & below);
      return n + (size_t)__builtin_ctzll(stop) / CW_STEP;
    }
    seen |= top;
    n += 16;
  }
#else
  size_t n = 0;
  for (;; n++) {
    uint8_t c = p[n];
    if (c == '<' || c == '&' || c == ']' || (c < 0x20 && c != 9 && c != 10)) return n;
    *high |= c & 0x80;
  }
#endif
}

/// Bytes from `p` to the first that is not blank (space, tab, LF, CR).
CW_INLINE size_t cw_skip_blanks(const uint8_t *p) {
  size_t n = 0;
#ifndef CW_PLAIN
  const cw_v space = cw_all(' '), tab = cw_all(9), feed = cw_all(10), ret = cw_all(13);
  const uint64_t all = CW_STEP == 1 ? 0xffff : ~(uint64_t)0;
  for (;; n += 16) {
    cw_v v = cw_load(p + n);
    uint64_t other = cw_bits(cw_or(cw_or(cw_eq(v, space), cw_eq(v, tab)), cw_or(cw_eq(v, feed), cw_eq(v, ret)))) ^ all;
    if (other) return n + (size_t)__builtin_ctzll(other) / CW_STEP;
  }
#else
  while (p[n] == ' ' || p[n] == 9 || p[n] == 10 || p[n] == 13) n++;
  return n;
#endif
}

/// Copies `n` bytes, in steps of 32, so that up to 31 bytes past the end of both are touched: for short fields, where a
/// call of memcpy costs more than the copy.
CW_INLINE void cw_copy(uint8_t *to, const uint8_t *from, size_t n) {
  if (n > 256) {
    memcpy(to, from, n);
    return;
  }
  size_t i = 0;
  do {
    memcpy(to + i, from + i, 32);
    i += 32;
  } while (i < n);
}

/// Bytes from `p` to the first `delimiter` or control character (below 0x20: line ends, and the padding's zero bytes): the
/// end of an unquoted CSV cell, or a control character inside it that the caller steps over. `*high` as above.
CW_INLINE size_t cw_scan_cell(const uint8_t *p, uint8_t delimiter, uint64_t *high) {
#ifndef CW_PLAIN
  const cw_v vd = cw_all(delimiter), control = cw_all(0x1f);
  size_t n = 0;
  uint64_t seen = 0;
  for (;;) {
    cw_v v = cw_load(p + n);
    uint64_t stop = cw_bits(cw_or(cw_eq(v, vd), cw_le(v, control)));
    uint64_t top = cw_high(v);
    if (stop) {
      uint64_t below = (stop & (0 - stop)) - 1;
      *high |= seen | (top & below);
      return n + (size_t)__builtin_ctzll(stop) / CW_STEP;
    }
    seen |= top;
    n += 16;
  }
#else
  size_t n = 0;
  for (;; n++) {
    uint8_t c = p[n];
    if (c == delimiter || c < 0x20) return n;
    *high |= c & 0x80;
  }
#endif
}

/// Bytes from `p` to the first `"` or zero byte: the inside of a quoted CSV cell. `*high` as above.
CW_INLINE size_t cw_scan_quoted(const uint8_t *p, uint64_t *high) {
#ifndef CW_PLAIN
  const cw_v quote = cw_all('"'), zero = cw_all(0);
  size_t n = 0;
  uint64_t seen = 0;
  for (;;) {
    cw_v v = cw_load(p + n);
    uint64_t stop = cw_bits(cw_or(cw_eq(v, quote), cw_eq(v, zero)));
    uint64_t top = cw_high(v);
    if (stop) {
      uint64_t below = (stop & (0 - stop)) - 1;
      *high |= seen | (top & below);
      return n + (size_t)__builtin_ctzll(stop) / CW_STEP;
    }
    seen |= top;
    n += 16;
  }
#else
  size_t n = 0;
  for (;; n++) {
    uint8_t c = p[n];
    if (c == '"' || c == 0) return n;
    *high |= c & 0x80;
  }
#endif
}

/// Copies `n` bytes in steps of 16 and says where the first one stands that a bare CSV cell cannot hold (`delimiter`, `"`,
/// CR, LF); `n` when there is none. It may stop copying behind that byte, and touches up to 15 bytes past the end of both.
CW_INLINE size_t cw_copy_cell(uint8_t *to, const uint8_t *from, size_t n, uint8_t delimiter) {
#ifndef CW_PLAIN
  const cw_v vd = cw_all(delimiter), quote = cw_all('"'), cr = cw_all('\r'), lf = cw_all('\n');
  for (size_t i = 0; i < n; i += 16) {
    cw_v v = cw_load(from + i);
    memcpy(to + i, &v, 16);
    uint64_t stop = cw_bits(cw_or(cw_or(cw_eq(v, vd), cw_eq(v, quote)), cw_or(cw_eq(v, cr), cw_eq(v, lf))));
    if (stop) {
      size_t at = i + (size_t)__builtin_ctzll(stop) / CW_STEP;
      return at < n ? at : n;
    }
  }
  return n;
#else
  for (size_t i = 0; i < n; i++) {
    uint8_t c = from[i];
    to[i] = c;
    if (c == delimiter || c == '"' || c == '\r' || c == '\n') return i;
  }
  return n;
#endif
}
#endif
