// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include <pcap/pcap.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "controlplane/lcores/eal.h"
#include "controlplane/lcores/port.h"
#include "tests/bench/command.h"
#include "tests/bench/town.h"

namespace ikelb::bench {

namespace {

using Json = nlohmann::json;

struct Options {
    std::string out, in, file;
    std::size_t flows = 4096, packets = 8192, frame = 64;
    bool has_no_huge_pages = false;
};

volatile std::sig_atomic_t is_ended = 0;

/// One ESP frame of each client, one behind the other.
class Frames {
public:
    Frames(std::size_t flows, std::size_t frame) {
        const Town town{{.clients = 1, .half_open = 1024}};
        const FrameMaker maker = town.frames(frame);
        length_ = maker.esp_frame();
        bytes_.resize(flows * length_);
        for (std::size_t i = 0; i < flows; ++i) {
            const Client client = town.client(i);
            maker.make(Towards::server, Kind::esp,
                       {.by = client, .backend = {}, .esp_spi = client.esp_up[1], .sequence = 1},
                       &bytes_[i * length_]);
        }
    }
    std::size_t length() const noexcept { return length_; }
    const std::uint8_t* at(std::size_t client) const noexcept { return &bytes_[client * length_]; }

private:
    std::size_t length_ = 0;
    std::vector<std::uint8_t> bytes_;
};

class Generator {
public:
    Generator(const Options& options, const lcores::Port& out, const lcores::Port& in,
              rte_mempool& pool)
        : frames_{options.flows, options.frame},
          flows_{options.flows},
          out_{out.id()},
          in_{in.id()},
          pool_{pool} {}

    void run() {
        while (is_ended == 0) {
            send();
            take();
        }
    }
    Json result() const { return {{"sent", sent_}, {"received", received_}}; }

private:
    static constexpr unsigned burst = 32;

    void send() {
        std::array<const std::uint8_t*, burst> from;
        std::array<rte_mbuf*, burst> packets;
        for (const std::uint8_t*& frame : from) {
            // The upper half, times the number of clients: no division.
            random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
            frame = frames_.at((random_ >> 32) * flows_ >> 32);
            rte_prefetch0(frame);
        }
        if (rte_pktmbuf_alloc_bulk(&pool_, packets.data(), burst) != 0) return;
        for (unsigned i = 0; i < burst; ++i) {
            std::memcpy(rte_pktmbuf_mtod(packets[i], void*), from[i], frames_.length());
            packets[i]->data_len = static_cast<std::uint16_t>(frames_.length());
            packets[i]->pkt_len = static_cast<std::uint32_t>(frames_.length());
        }
        const unsigned taken = rte_eth_tx_burst(out_, 0, packets.data(), burst);
        sent_ += taken;
        if (taken < burst) rte_pktmbuf_free_bulk(&packets[taken], burst - taken);
    }

    void take() {
        std::array<rte_mbuf*, burst> packets;
        for (unsigned i = 0; i < 2; ++i) {
            const unsigned count = rte_eth_rx_burst(in_, 0, packets.data(), burst);
            received_ += count;
            rte_pktmbuf_free_bulk(packets.data(), count);
        }
    }

    Frames frames_;
    std::size_t flows_;
    std::uint16_t out_;
    std::uint16_t in_;
    rte_mempool& pool_;
    std::uint64_t random_ = 1, sent_ = 0, received_ = 0;
};

lcores::Port open_port(const char* name, const std::string& device, rte_mempool& pool) {
    auto port = lcores::Port::open({.name = name, .device = device}, pool);
    if (!port) throw std::runtime_error{port.error().message};
    return std::move(*port);
}

/// ESP of random clients as fast as the port takes it, until SIGTERM. What comes back by the other
/// port is counted and freed.
Json generate(const Options& options) {
    constexpr unsigned buffers = 16384, data_bytes = 2048;
    std::signal(SIGTERM, [](int) { is_ended = 1; });
    lcores::EalOptions eal_options;
    eal_options.workers = 0;
    eal_options.needed_bytes = std::uint64_t{buffers} * (data_bytes + 320) + (8 << 20);
    if (options.has_no_huge_pages) eal_options.huge_pages = lcores::HugePages::off;
    const auto eal = lcores::Eal::start(eal_options);
    if (!eal) throw std::runtime_error{eal.error().message};
    auto pool = lcores::make_packet_pool("packets", buffers, data_bytes);
    if (!pool) throw std::runtime_error{pool.error().message};
    const lcores::Port out = open_port("out", options.out, **pool);
    const lcores::Port in = open_port("in", options.in, **pool);
    Generator generator{options, out, in, **pool};
    std::fputs("ready\n", stderr);  // a memif client finds us from now on
    generator.run();
    return generator.result();
}

Json write_capture(const Options& options) {
    if (options.flows == 0 || options.packets % options.flows != 0)
        throw std::runtime_error{"--packets has to be a multiple of --flows"};
    const Frames frames{options.flows, options.frame};
    std::vector<std::size_t> order(options.packets);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i % options.flows;
    std::ranges::shuffle(order, std::mt19937_64{1});
    pcap_t* const format = pcap_open_dead(DLT_EN10MB, 65535);
    pcap_dumper_t* const file = pcap_dump_open(format, options.file.c_str());
    if (file == nullptr) throw std::runtime_error{pcap_geterr(format)};
    const auto length = static_cast<bpf_u_int32>(frames.length());
    const pcap_pkthdr header{.ts = {}, .caplen = length, .len = length};
    for (const std::size_t client : order)
        pcap_dump(reinterpret_cast<u_char*>(file), &header, frames.at(client));
    pcap_dump_close(file);
    pcap_close(format);
    return {{"packets", options.packets}, {"flows", options.flows}, {"frame", length}};
}

}  // namespace

Command generate_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* const sub = app.add_subcommand(
        "generate", "Sends the clients' ESP until SIGTERM, takes what returns");
    sub->add_option("--out", options->out, "vdev string to send on")->required();
    sub->add_option("--in", options->in, "vdev string to receive on")->required();
    sub->add_option("--flows", options->flows, "Clients");
    sub->add_option("--frame", options->frame, "Bytes of a frame");
    sub->add_flag("--no-huge-pages", options->has_no_huge_pages, "4 KiB pages");
    return {.options = sub, .run = [options] { return generate(*options); }};
}

Command capture_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* const sub = app.add_subcommand(
        "capture", "Writes the clients' ESP as a capture file, in random order");
    sub->add_option("file", options->file, "The file")->required();
    sub->add_option("--flows", options->flows, "Clients; each speaks as often as the others");
    sub->add_option("--packets", options->packets, "Packets, a multiple of the clients");
    sub->add_option("--frame", options->frame, "Bytes of a frame");
    return {.options = sub, .run = [options] { return write_capture(*options); }};
}

}  // namespace ikelb::bench
