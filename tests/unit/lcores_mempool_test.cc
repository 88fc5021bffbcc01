// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors

// Where a pool's buffers lie, and whether net_af_xdp can hand all of them to the kernel.

#include <gtest/gtest.h>
#include <unistd.h>

#include <set>
#include <vector>

#include "controlplane/lcores/eal.h"
#include "controlplane/lcores/port.h"

namespace ikelb::lcores {
namespace {

constexpr unsigned buffers = 6000, data_bytes = 2048;

/// Whether net_af_xdp would register each buffer: it takes a page's beginning, and from there as
/// many bytes as there are buffers of the pool's size.
bool is_array(rte_mempool& pool) {
    struct Extent {
        std::uintptr_t first = 0, end = 0;
        bool holds_all = true;
    };
    const auto first = reinterpret_cast<std::uintptr_t>(STAILQ_FIRST(&pool.mem_list)->addr);
    const std::size_t bytes = rte_mempool_calc_obj_size(pool.elt_size, pool.flags, nullptr);
    Extent registered{.first = first, .end = first + pool.populated_size * bytes};
    const auto look = [](rte_mempool* its, void* extent, void* buffer, unsigned) {
        auto& within = *static_cast<Extent*>(extent);
        const auto at = reinterpret_cast<std::uintptr_t>(buffer);
        within.holds_all &=
            at - its->header_size >= within.first && at + its->elt_size <= within.end;
    };
    rte_mempool_obj_iter(&pool, look, &registered);
    return registered.holds_all;
}

class MempoolTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        EalOptions options;
        options.huge_pages = HugePages::off;
        options.memory_mib = 128;
        const auto eal = Eal::start(options);
        ASSERT_TRUE(eal) << eal.error().message;
    }

    static Mempool make(const std::string& name, BufferLayout layout, unsigned bytes = data_bytes) {
        auto pool = make_packet_pool(name, buffers, bytes, layout);
        EXPECT_TRUE(pool) << pool.error().message;
        return pool ? std::move(*pool) : nullptr;
    }
};

TEST_F(MempoolTest, AnArrayHasNoGapsAndASpreadPoolDoes) {
    const Mempool array = make("array", BufferLayout::array);
    const Mempool spread = make("spread", BufferLayout::spread);
    ASSERT_TRUE(array && spread);
    EXPECT_TRUE(is_array(*array));
    // Without huge pages each page ends in a gap: what net_af_xdp must not be given.
    EXPECT_FALSE(is_array(*spread));
}

TEST_F(MempoolTest, TheBuffersOfAnArrayAreAPageEachFromItsFirst) {
    const Mempool pool = make("pages", BufferLayout::array);
    ASSERT_TRUE(pool);
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    std::set<std::uintptr_t> starts;
    std::vector<rte_mbuf*> all(buffers);
    ASSERT_EQ(rte_pktmbuf_alloc_bulk(pool.get(), all.data(), buffers), 0);
    for (const rte_mbuf* one : all)
        starts.insert(reinterpret_cast<std::uintptr_t>(one) - pool->header_size);
    const auto first = reinterpret_cast<std::uintptr_t>(STAILQ_FIRST(&pool->mem_list)->addr);
    EXPECT_EQ(first % page, 0U);
    EXPECT_EQ(starts.size(), buffers);
    EXPECT_EQ(*starts.begin(), first);
    EXPECT_EQ(*starts.rbegin(), first + (buffers - 1) * page);
    EXPECT_EQ(rte_mempool_calc_obj_size(pool->elt_size, pool->flags, nullptr), page);
    for (rte_mbuf* one : all) rte_pktmbuf_free(one);
    EXPECT_EQ(rte_mempool_avail_count(pool.get()), buffers);
}

TEST_F(MempoolTest, EachLayoutHasTheRoomThatWasAsked) {
    const Mempool array = make("room-a", BufferLayout::array, 2100);
    const Mempool spread = make("room-s", BufferLayout::spread, 2100);
    ASSERT_TRUE(array && spread);
    for (rte_mempool* pool : {array.get(), spread.get()}) {
        rte_mbuf* one = rte_pktmbuf_alloc(pool);
        ASSERT_NE(one, nullptr);
        EXPECT_GE(rte_pktmbuf_tailroom(one), 2100);
        rte_pktmbuf_free(one);
        EXPECT_EQ(rte_mempool_calc_obj_size(pool->elt_size, pool->flags, nullptr),
                  buffer_bytes(2100, pool == array.get() ? BufferLayout::array
                                                         : BufferLayout::spread));
    }
}

TEST_F(MempoolTest, TooLittleMemoryIsRefusedInWordsThatHelp) {
    const auto pool = make_packet_pool("huge", 1'000'000, data_bytes, BufferLayout::array);
    ASSERT_FALSE(pool);
    EXPECT_NE(pool.error().message.find("raise dpdk.memory"), std::string::npos);
}

}  // namespace
}  // namespace ikelb::lcores
