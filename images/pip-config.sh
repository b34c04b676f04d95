# Gives pip the user's configuration within one step of an image's build. Sourced by what installs there.
#
# A builder keeps its predefined proxy arguments out of the image's history and layers. FTP_PROXY is one that nothing here
# uses: it carries the variables (docs/decisions/6-pip-configuration.md), which end with the step's shell.
case "${FTP_PROXY:-}" in
    bakeoff-pip:*)
        eval "$(printf %s "${FTP_PROXY#bakeoff-pip:}" | base64 -d)"
        unset FTP_PROXY
        ;;
esac
