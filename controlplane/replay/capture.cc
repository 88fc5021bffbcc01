// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/replay/capture.h"

#include <pcap/pcap.h>

#include <array>

namespace ikelb::replay {
namespace {

constexpr int longest_frame = 65535;
constexpr std::uint64_t micros_per_second = 1'000'000;

using Reader = std::unique_ptr<pcap_t, decltype(&pcap_close)>;

}  // namespace

CaptureResult<std::vector<CapturedFrame>> read_capture(const std::filesystem::path& file,
                                                       std::size_t port) {
    std::array<char, PCAP_ERRBUF_SIZE> text{};
    const Reader reader{pcap_open_offline(file.c_str(), text.data()), &pcap_close};
    if (!reader) return CaptureError{file.string() + ": " + text.data()};
    if (pcap_datalink(reader.get()) != DLT_EN10MB)
        return CaptureError{file.string() + ": not a capture of Ethernet frames"};
    std::vector<CapturedFrame> frames;
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    int outcome = 0;
    while ((outcome = pcap_next_ex(reader.get(), &header, &bytes)) == 1)
        frames.push_back(
            {.micros = static_cast<std::uint64_t>(header->ts.tv_sec) * micros_per_second +
                       static_cast<std::uint64_t>(header->ts.tv_usec),
             .port = port,
             .bytes = {bytes, bytes + header->caplen},
             .length = header->len});
    if (outcome == PCAP_ERROR)
        return CaptureError{file.string() + ": " + pcap_geterr(reader.get())};
    return frames;
}

void CaptureWriter::Close::operator()(pcap* format) const noexcept {
    pcap_close(format);
}

void CaptureWriter::Close::operator()(pcap_dumper* dumper) const noexcept {
    pcap_dump_close(dumper);
}

CaptureResult<CaptureWriter> CaptureWriter::create(const std::filesystem::path& file) {
    CaptureWriter writer;
    writer.format_.reset(pcap_open_dead(DLT_EN10MB, longest_frame));
    if (!writer.format_) return CaptureError{file.string() + ": out of memory"};
    writer.dumper_.reset(pcap_dump_open(writer.format_.get(), file.c_str()));
    if (!writer.dumper_) return CaptureError{pcap_geterr(writer.format_.get())};
    return writer;
}

void CaptureWriter::write(std::uint64_t micros, std::span<const std::uint8_t> bytes,
                          std::size_t length) {
    pcap_pkthdr header{};
    header.ts.tv_sec = static_cast<time_t>(micros / micros_per_second);
    header.ts.tv_usec = static_cast<suseconds_t>(micros % micros_per_second);
    header.caplen = static_cast<bpf_u_int32>(bytes.size());
    header.len = static_cast<bpf_u_int32>(length);
    pcap_dump(reinterpret_cast<u_char*>(dumper_.get()), &header, bytes.data());
}

bool CaptureWriter::flush() {
    return pcap_dump_flush(dumper_.get()) == 0;
}

}  // namespace ikelb::replay
