import FuzzSupport

unsafe fuzz { data, count in
    unsafe checkChunks(bytes(data, count))
    return 0
}
