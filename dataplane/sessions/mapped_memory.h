// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstddef>
#include <memory>

namespace ikelb::sessions {

/// Time at which a table's pages are allocated: at once, so that no worker faults, or when written.
enum class Touch : bool { now, later };

struct Unmap {
    std::size_t bytes = 0;
    void operator()(void* mapping) const noexcept;
};

/// Zeroed pages for a large table, on transparent huge pages where the kernel grants them, so that
/// a random look-up costs one miss and no page walk. Touch::now needs Linux 5.14 to take effect.
/// Errors: std::bad_alloc from the constructor. Owns the pages until destruction.
class MappedMemory {
public:
    MappedMemory(std::size_t bytes, Touch touch);

    /// The first byte; aligned to 2 MiB if bytes is at least that, else to a page.
    void* data() const noexcept { return data_; }

private:
    std::unique_ptr<void, Unmap> mapping_;
    void* data_ = nullptr;
};

}  // namespace ikelb::sessions
