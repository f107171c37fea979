package sqlstore

import "wake/tracker"

// TextColumn is a column of visits that holds text: its name in SQL and in
// JSON, and where it is in a Visit.
type TextColumn struct {
	Name string
	Of   func(*tracker.Visit) *string
}

// ArrivalColumn is one of an arrival's columns.
type ArrivalColumn struct {
	Name string
	Of   func(*tracker.Arrival) *string
}

// ArrivalColumns are the columns of an arrival, in visits and touches.
var ArrivalColumns = []ArrivalColumn{
	{"landing_page", func(a *tracker.Arrival) *string { return &a.LandingPage }},
	{"referrer", func(a *tracker.Arrival) *string { return &a.Referrer }},
	{"referring_domain", func(a *tracker.Arrival) *string { return &a.ReferringDomain }},
	{"source", func(a *tracker.Arrival) *string { return &a.Source }},
	{"channel", func(a *tracker.Arrival) *string { return &a.Channel }},
	{"keyword", func(a *tracker.Arrival) *string { return &a.Keyword }},
	{"utm_source", func(a *tracker.Arrival) *string { return &a.UTMSource }},
	{"utm_medium", func(a *tracker.Arrival) *string { return &a.UTMMedium }},
	{"utm_term", func(a *tracker.Arrival) *string { return &a.UTMTerm }},
	{"utm_content", func(a *tracker.Arrival) *string { return &a.UTMContent }},
	{"utm_campaign", func(a *tracker.Arrival) *string { return &a.UTMCampaign }},
	{"click_id", func(a *tracker.Arrival) *string { return &a.ClickID }},
	{"click_id_kind", func(a *tracker.Arrival) *string { return &a.ClickIDKind }},
}

// VisitTexts are the text columns of visits that come with a record, so that
// they are listed once for all who write and read them.
var VisitTexts = func() []TextColumn {
	c := []TextColumn{
		{"token", func(v *tracker.Visit) *string { return &v.Token }},
		{"visitor_token", func(v *tracker.Visit) *string { return &v.Visitor.Token }},
		{"user_id", func(v *tracker.Visit) *string { return &v.UserID }},
	}
	for _, a := range ArrivalColumns {
		c = append(c, TextColumn{a.Name, func(v *tracker.Visit) *string { return a.Of(&v.Arrival) }})
	}
	return append(c, VisitDetails...)
}()

// VisitDetails are those of VisitTexts that a stub has, too, and that a late
// visit fills in where they are empty.
var VisitDetails = []TextColumn{
	{"browser", func(v *tracker.Visit) *string { return &v.Browser }},
	{"browser_version", func(v *tracker.Visit) *string { return &v.BrowserVersion }},
	{"os", func(v *tracker.Visit) *string { return &v.OS }},
	{"os_version", func(v *tracker.Visit) *string { return &v.OSVersion }},
	{"device_type", func(v *tracker.Visit) *string { return &v.DeviceType }},
	{"device_brand", func(v *tracker.Visit) *string { return &v.DeviceBrand }},
	{"device_model", func(v *tracker.Visit) *string { return &v.DeviceModel }},
	{"bot", func(v *tracker.Visit) *string { return &v.Bot }},
	{"bot_name", func(v *tracker.Visit) *string { return &v.BotName }},
	{"country", func(v *tracker.Visit) *string { return &v.Country }},
	{"region", func(v *tracker.Visit) *string { return &v.Region }},
	{"city", func(v *tracker.Visit) *string { return &v.City }},
	{"postal_code", func(v *tracker.Visit) *string { return &v.PostalCode }},
	{"address", func(v *tracker.Visit) *string { return &v.Address }},
	{"user_agent", func(v *tracker.Visit) *string { return &v.UserAgent }},
	{"language", func(v *tracker.Visit) *string { return &v.Language }},
	{"time_zone", func(v *tracker.Visit) *string { return &v.TimeZone }},
	{"platform", func(v *tracker.Visit) *string { return &v.Platform }},
	{"app_version", func(v *tracker.Visit) *string { return &v.AppVersion }},
}
