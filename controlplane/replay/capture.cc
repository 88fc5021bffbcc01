// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "controlplane/replay/capture.h"

#include <pcap/pcap.h>

#include <array>
#include <stdexcept>

namespace ikelb::replay {
namespace {

constexpr int longest_frame = 65535;
constexpr std::uint64_t micros_per_second = 1'000'000;

struct CloseReader {
    void operator()(pcap_t* pcap) const noexcept { pcap_close(pcap); }
};
using Reader = std::unique_ptr<pcap_t, CloseReader>;

}  // namespace

void throw_exception_from_error(const CaptureError& error, const boost::source_location&) {
    throw std::runtime_error{error.message};
}

CaptureResult<std::vector<CapturedFrame>> read_capture(const std::filesystem::path& file,
                                                       std::size_t port) {
    std::array<char, PCAP_ERRBUF_SIZE> text{};
    const Reader reader{pcap_open_offline(file.c_str(), text.data())};
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

struct CaptureWriter::Handles {
    Reader format;
    pcap_dumper_t* dumper = nullptr;

    ~Handles() {
        if (dumper != nullptr) pcap_dump_close(dumper);
    }
};

CaptureWriter::CaptureWriter(std::unique_ptr<Handles> handles) : handles_{std::move(handles)} {}
CaptureWriter::CaptureWriter(CaptureWriter&&) noexcept = default;
CaptureWriter& CaptureWriter::operator=(CaptureWriter&&) noexcept = default;
CaptureWriter::~CaptureWriter() = default;

CaptureResult<CaptureWriter> CaptureWriter::create(const std::filesystem::path& file) {
    auto handles = std::make_unique<Handles>();
    handles->format.reset(pcap_open_dead(DLT_EN10MB, longest_frame));
    if (!handles->format) return CaptureError{file.string() + ": out of memory"};
    handles->dumper = pcap_dump_open(handles->format.get(), file.c_str());
    if (handles->dumper == nullptr)
        return CaptureError{pcap_geterr(handles->format.get())};
    return CaptureWriter{std::move(handles)};
}

void CaptureWriter::write(std::uint64_t micros, std::span<const std::uint8_t> bytes,
                          std::size_t length) {
    pcap_pkthdr header{};
    header.ts.tv_sec = static_cast<time_t>(micros / micros_per_second);
    header.ts.tv_usec = static_cast<suseconds_t>(micros % micros_per_second);
    header.caplen = static_cast<bpf_u_int32>(bytes.size());
    header.len = static_cast<bpf_u_int32>(length);
    pcap_dump(reinterpret_cast<u_char*>(handles_->dumper), &header, bytes.data());
}

bool CaptureWriter::flush() { return pcap_dump_flush(handles_->dumper) == 0; }

}  // namespace ikelb::replay
