// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

#include <string>

#include <sys/types.h>

#include <boost/system/result.hpp>

#include "controlplane/posix/file_descriptor.h"

namespace ikelb::api {

/// Why there is no admin socket, as a sentence for the operator.
struct ServerError {
    std::string message;
};

/// A listening UNIX stream socket and its file. Move-only; closing removes the file, unless
/// another process has put its own there meanwhile.
class UnixListener {
public:
    /// Binds `path` with the permissions `mode`, exactly, from the first moment. A socket file that
    /// nobody listens on (its process was killed) is replaced; one that answers, and a file that is
    /// no socket, are refused.
    static boost::system::result<UnixListener, ServerError> bind(const std::string& path,
                                                                 mode_t mode);

    UnixListener(UnixListener&& other) noexcept;
    UnixListener& operator=(UnixListener&&) = delete;
    ~UnixListener();

    /// Hands the descriptor over to the caller; the file stays ours to remove.
    int release_descriptor() noexcept { return fd_.release(); }

private:
    UnixListener(posix::FileDescriptor fd, std::string path, dev_t device, ino_t inode);

    posix::FileDescriptor fd_;
    std::string path_;
    dev_t device_;
    ino_t inode_;
};

}  // namespace ikelb::api
