// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <emmintrin.h>
#include <smmintrin.h>

#include <atomic>
#include <bit>
#include <cstdint>

namespace ikelb::tables {

// Which of a bucket's four slots holds a word. It cannot be predicted, so there must be no branch
// on it, and compilers make one of the last of several conditional moves if they can.

#if defined(__SANITIZE_THREAD__) || defined(IKELB_THREAD_SANITIZER)
inline constexpr bool is_vectorized = false;  // it takes the loads below for a race
#else
inline constexpr bool is_vectorized = true;
#endif

/// Two bits for each slot from the lowest on, of the four at first and then the four at second:
/// both set if its first word is this one. words: aligned to 32 bytes. A word that another thread
/// writes meanwhile is seen as it was or as it will be: the processor loads aligned 8 bytes at
/// once. The language has no such loads of several words, so what is found has to be read again
/// by an atomic load before it is trusted.
[[gnu::always_inline]] inline std::uint32_t match_words(const std::uint64_t* first,
                                                        const std::uint64_t* second,
                                                        std::uint64_t word) noexcept {
    const __m128i wanted = _mm_set1_epi64x(static_cast<long long>(word));
    const auto is_equal = [wanted](const std::uint64_t* words) {
        return _mm_cmpeq_epi64(_mm_load_si128(reinterpret_cast<const __m128i*>(words)), wanted);
    };
    const __m128i of_first = _mm_packs_epi32(is_equal(first), is_equal(first + 2));
    const __m128i of_second = _mm_packs_epi32(is_equal(second), is_equal(second + 2));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(of_first, of_second)));
}

/// The slot that match_words() has found, or nullptr.
[[gnu::always_inline]] inline std::uint64_t* first_match(std::uint64_t* first,
                                                         std::uint64_t* second,
                                                         std::uint64_t word) noexcept {
    const std::uint32_t found = match_words(first, second, word);
    if (found == 0) [[unlikely]]
        return nullptr;
    const auto place = static_cast<unsigned>(std::countr_zero(found)) / 2;
    return (place < 4 ? first : second) + place % 4;
}

}  // namespace ikelb::tables
