import FuzzSupport

unsafe fuzz { data, count in
    unsafe checkPreferences(bytes(data, count))
    return 0
}
