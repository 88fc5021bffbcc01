// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#ifdef __SANITIZE_THREAD__
#define IKELB_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IKELB_THREAD_SANITIZER
#endif
#endif

#include <emmintrin.h>
#include <smmintrin.h>

#include <atomic>
#include <bit>
#include <cstdint>

namespace ikelb::sessions {

// Which of a bucket's four slots holds a word. It cannot be predicted, so there must be no branch
// on it, and compilers make one of the last of several conditional moves if they can.

/// Two bits for each slot from the lowest on, of the four at first and then the four at second:
/// both set if its first word is this one. Buckets are aligned to 32 bytes. A word that another
/// thread writes meanwhile is seen as it was or as it will be: the processor loads aligned 8 bytes
/// at once. The language has no such loads of several words, so what is found has to be read again
/// by an atomic load before it is trusted; ThreadSanitizer gets atomic loads alone.
[[gnu::always_inline]] inline std::uint32_t match_words(const std::uint64_t* first,
                                                        const std::uint64_t* second,
                                                        std::uint64_t word) noexcept {
#ifdef IKELB_THREAD_SANITIZER
    std::uint32_t found = 0;
    for (unsigned slot = 0; slot < 8; ++slot) {
        auto& at = const_cast<std::uint64_t&>(slot < 4 ? first[slot] : second[slot - 4]);
        const bool is_it =
            std::atomic_ref<std::uint64_t>{at}.load(std::memory_order_acquire) == word;
        found |= (is_it ? 3U : 0U) << 2 * slot;
    }
    return found;
#else
    const __m128i wanted = _mm_set1_epi64x(static_cast<long long>(word));
    const auto is_equal = [wanted](const std::uint64_t* words) {
        return _mm_cmpeq_epi64(_mm_load_si128(reinterpret_cast<const __m128i*>(words)), wanted);
    };
    const __m128i of_first = _mm_packs_epi32(is_equal(first), is_equal(first + 2));
    const __m128i of_second = _mm_packs_epi32(is_equal(second), is_equal(second + 2));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(of_first, of_second)));
#endif
}

/// The first slot that match_words() has found; there is one.
[[gnu::always_inline]] inline std::uint64_t* slot_at(std::uint64_t* first, std::uint64_t* second,
                                                     std::uint32_t found) noexcept {
    const auto place = static_cast<unsigned>(std::countr_zero(found)) / 2;
    return (place < 4 ? first : second) + place % 4;
}
/// What match_words() has found but for its first slot.
constexpr std::uint32_t without_first(std::uint32_t found) noexcept {
    found &= found - 1;
    return found & (found - 1);
}

}  // namespace ikelb::sessions
