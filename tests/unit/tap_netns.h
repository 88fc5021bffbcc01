// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/text/address.h"
#include "controlplane/kernel/tap/sysctl.h"
#include "controlplane/kernel/tap/tap.h"
#include "controlplane/posix/file_descriptor.h"

namespace ikelb::tap {

/// Each test runs in a network namespace of its own and returns to the old one afterwards. Needs
/// root; an ordinary user types `unshare -rn` before the test program.
class KernelNamespaceTest : public testing::Test {
protected:
    void SetUp() override {
        outside_ = posix::FileDescriptor{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
        ASSERT_TRUE(outside_.is_open());
        if (::unshare(CLONE_NEWNET) != 0) {
            outside_ = {};
            FAIL() << "a network namespace needs CAP_SYS_ADMIN: run as root, or unshare -rn";
        }
        ASSERT_TRUE(run("ip link set lo up"));
    }
    void TearDown() override {
        if (outside_.is_open()) {
            ASSERT_EQ(::setns(outside_.get(), CLONE_NEWNET), 0);
        }
    }

    static bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

    static std::string output_of(const std::string& command) {
        const std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen(command.c_str(), "r"), &::pclose};
        std::string text;
        std::array<char, 4096> part;
        while (const std::size_t size = std::fread(part.data(), 1, part.size(), pipe.get()))
            text.append(part.data(), size);
        return text;
    }

    static bool contains(const std::string& text, std::string_view part) {
        return text.find(part) != std::string::npos;
    }

    /// A setting below /proc/sys/net.
    static std::string conf(const std::string& path) {
        const auto value = read_sysctl("net/" + path);
        return value.has_value() ? *value : "missing";
    }

    /// Commands of iproute2, one a line, in one process.
    static bool run_batch(const std::string& lines) {
        FILE* pipe = ::popen("ip -force -batch - 2>/dev/null", "w");
        if (pipe == nullptr) return false;
        std::fwrite(lines.data(), 1, lines.size(), pipe);
        return ::pclose(pipe) == 0;
    }

    static std::unique_ptr<Tap> make_tap(const HostSettings& host, const std::string& name,
                                         const std::string& mac = tap_mac,
                                         std::uint32_t mtu = 1500) {
        auto tap = Tap::create({.name = name, .mac = *text::parse_mac(mac), .mtu = mtu}, host);
        if (tap.has_value()) return *std::move(tap);
        ADD_FAILURE() << tap.error().message;
        return nullptr;
    }

    using Frame = std::vector<std::uint8_t>;

    /// The next frame from the kernel for which `wanted` holds; nullopt after two seconds.
    template <class Wanted>
    static std::optional<Frame> await_frame(Tap& tap, Wanted wanted) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{2};
        Frame frame(Tap::receive_buffer_size);
        while (std::chrono::steady_clock::now() < deadline) {
            pollfd wait{.fd = tap.fd(), .events = POLLIN, .revents = 0};
            ::poll(&wait, 1, 50);
            while (const auto size = tap.receive(std::as_writable_bytes(std::span{frame}))) {
                Frame seen(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(*size));
                if (wanted(seen)) return seen;
            }
        }
        return std::nullopt;
    }

    static bool send(Tap& tap, const Frame& frame) {
        return tap.send(std::as_bytes(std::span{frame}));
    }

    static constexpr const char* tap_mac = "02:00:00:00:00:01";
    static constexpr const char* peer_mac = "02:00:00:00:00:99";
    static constexpr const char* no_mac = "00:00:00:00:00:00";

    static constexpr std::uint8_t arp_request = 1, arp_reply = 2;

    /// RFC 826, Ethernet and IPv4; a request goes to the broadcast address.
    static Frame arp(std::uint8_t operation, const std::string& from_mac, const std::string& from,
                     const std::string& to_mac, const std::string& to) {
        const auto append = [](Frame& frame, const auto& bytes) {
            frame.insert(frame.end(), bytes.begin(), bytes.end());
        };
        const auto source = text::parse_mac(from_mac)->bytes;
        const auto target = text::parse_mac(to_mac)->bytes;
        const auto ip = [](const std::string& text) {
            const auto bytes = text::parse_address(text)->bytes();
            return std::array{bytes[12], bytes[13], bytes[14], bytes[15]};
        };
        Frame frame;
        append(frame, operation == arp_request ? std::array<std::uint8_t, 6>{255, 255, 255, 255,
                                                                             255, 255}
                                               : target);
        append(frame, source);
        append(frame, std::array<std::uint8_t, 10>{8, 6, 0, 1, 8, 0, 6, 4, 0, operation});
        append(frame, source);
        append(frame, ip(from));
        append(frame, target);
        append(frame, ip(to));
        return frame;
    }

    /// The target of an ARP packet of this operation; empty for any other frame.
    static std::string arp_target(const Frame& frame, std::uint8_t operation) {
        if (frame.size() < 42 || frame[12] != 8 || frame[13] != 6 || frame[21] != operation)
            return {};
        return text::to_text(net::IpAddress::from_v4({net::load<net::be32>(frame.data() + 38)}));
    }

private:
    posix::FileDescriptor outside_;
};

}  // namespace ikelb::tap
