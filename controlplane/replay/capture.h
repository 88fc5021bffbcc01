// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

struct pcap;
struct pcap_dumper;

namespace ikelb::replay {

struct CaptureError {
    std::string message;
};
template <class T>
using CaptureResult = boost::system::result<T, CaptureError>;

struct CapturedFrame {
    std::uint64_t micros = 0;  ///< since 1970
    std::size_t port = 0;      ///< position in the configuration's ports
    std::vector<std::uint8_t> bytes{};
    std::size_t length = 0;  ///< on the wire; more than bytes if the capture cut it
};

/// Reads an Ethernet pcap or pcapng file, in the file's order.
CaptureResult<std::vector<CapturedFrame>> read_capture(const std::filesystem::path& file,
                                                       std::size_t port);

/// Writes a pcap file (microseconds, Ethernet). Move-only.
class CaptureWriter {
public:
    static CaptureResult<CaptureWriter> create(const std::filesystem::path& file);

    /// length: of the frame on the wire, at least that of bytes.
    void write(std::uint64_t micros, std::span<const std::uint8_t> bytes, std::size_t length);
    /// False: a write failed.
    bool flush();

private:
    struct Close {
        void operator()(pcap* format) const noexcept;
        void operator()(pcap_dumper* dumper) const noexcept;
    };

    std::unique_ptr<pcap, Close> format_;  ///< outlives the dumper
    std::unique_ptr<pcap_dumper, Close> dumper_;
};

}  // namespace ikelb::replay
