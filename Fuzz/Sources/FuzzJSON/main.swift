import FuzzSupport

unsafe fuzz { data, count in
    unsafe checkJSON(bytes(data, count))
    return 0
}
