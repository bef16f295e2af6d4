// A page that is opened from a file may not read other files, so the search shows titles there, and extracts elsewhere.
DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = location.protocol !== "file:";
