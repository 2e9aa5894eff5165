# Bundles the page for browsers.
# shellcheck shell=bash

# bundle_page: bundles web/ into web/dist, which the server embeds. web/package-lock.json has the versions and hashes of all packages; npm installs only these.
bundle_page() {
    require page
    npm_packages web ci
    node web/build.mjs
}

# bundle_page_if_possible: the same, but a machine without Node.js and without root only gets a server whose /ui/ says that it has no page.
bundle_page_if_possible() {
    if [ -n "$(missing page)" ] && [ "$(id -u)" != 0 ]; then
        echo "The server is built without the page at /ui/, because $(missing page) are not installed."
        return 0
    fi
    bundle_page
}

# web [OPTION...]: serves the page from its source, and reloads it in the browser after each change. All other requests go to a node.
web() {
    require page
    npm_packages web ci
    exec node web/build.mjs --watch "$@"
}
