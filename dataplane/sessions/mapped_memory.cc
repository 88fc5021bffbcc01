// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "dataplane/sessions/mapped_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <limits>
#include <memory>
#include <new>

namespace ikelb::sessions {

void refuse_memory() { throw std::bad_alloc{}; }
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

// Older C libraries do not name it; the number is the kernel's ABI.
constexpr int populate_write = 23;

}  // namespace

MappedMemory::MappedMemory(std::size_t bytes, Touch touch) {
    if (bytes == 0 || bytes > std::numeric_limits<std::size_t>::max() / 2) throw std::bad_alloc{};
    const bool is_large = bytes >= huge_page;
    // The surplus lets the start be moved up to a huge-page boundary; it is never touched.
    mapped_bytes_ = is_large ? bytes + huge_page : bytes;
    mapping_ = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                    -1, 0);
    if (mapping_ == MAP_FAILED) throw std::bad_alloc{};
    data_ = mapping_;
    if (is_large) {
        std::size_t space = mapped_bytes_;
        std::align(huge_page, bytes, data_, space);
        // Refused where huge pages are compiled out: small pages serve as well, only slower.
        (void)madvise(data_, bytes, MADV_HUGEPAGE);
    }
    if (touch == Touch::now && madvise(data_, bytes, populate_write) != 0 && errno == ENOMEM) {
        munmap(mapping_, mapped_bytes_);
        throw std::bad_alloc{};
    }
}

MappedMemory::~MappedMemory() { munmap(mapping_, mapped_bytes_); }

}  // namespace ikelb::sessions
