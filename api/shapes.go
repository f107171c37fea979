package api

import (
	"encoding/json"
	"fmt"
	"time"

	"wake/tracker"
)

// instant is a time as the API writes it: RFC 3339, UTC, milliseconds.
type instant time.Time

func (t instant) MarshalJSON() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`), nil
}

type siteJSON struct {
	Key       string   `json:"key"`
	Name      string   `json:"name"`
	Hosts     []string `json:"hosts"`
	TimeZone  string   `json:"time_zone"`
	CreatedAt instant  `json:"created_at"`
}

func newSiteJSON(s *tracker.Site) siteJSON {
	hosts := s.Hosts
	if hosts == nil {
		hosts = []string{}
	}
	return siteJSON{Key: s.Key, Name: s.Name, Hosts: hosts, TimeZone: s.TimeZone, CreatedAt: instant(s.CreatedAt)}
}

// visitJSON is a visit in the API; its names are those of the database, but
// for ip, which is the wires' word for the address.
type visitJSON struct {
	ID              tracker.VisitID   `json:"id"`
	Site            string            `json:"site"`
	VisitToken      string            `json:"visit_token"`
	VisitorID       tracker.VisitorID `json:"visitor_id"`
	VisitorToken    string            `json:"visitor_token"`
	UserID          string            `json:"user_id,omitempty"`
	StartedAt       instant           `json:"started_at"`
	LastAt          instant           `json:"last_at"`
	Ordinal         int               `json:"ordinal"`
	EntryPage       string            `json:"entry_page"`
	ExitPage        string            `json:"exit_page"`
	Views           int               `json:"views"`
	Events          int               `json:"events"`
	EngagedMS       int64             `json:"engaged_ms"`
	LandingPage     string            `json:"landing_page"`
	Referrer        string            `json:"referrer"`
	ReferringDomain string            `json:"referring_domain"`
	Source          string            `json:"source"`
	Channel         string            `json:"channel"`
	Keyword         string            `json:"keyword,omitempty"`
	UTMSource       string            `json:"utm_source,omitempty"`
	UTMMedium       string            `json:"utm_medium,omitempty"`
	UTMTerm         string            `json:"utm_term,omitempty"`
	UTMContent      string            `json:"utm_content,omitempty"`
	UTMCampaign     string            `json:"utm_campaign,omitempty"`
	ClickID         string            `json:"click_id,omitempty"`
	ClickIDKind     string            `json:"click_id_kind,omitempty"`
	Browser         string            `json:"browser"`
	BrowserVersion  string            `json:"browser_version"`
	OS              string            `json:"os"`
	OSVersion       string            `json:"os_version"`
	DeviceType      string            `json:"device_type"`
	DeviceBrand     string            `json:"device_brand,omitempty"`
	DeviceModel     string            `json:"device_model,omitempty"`
	Bot             string            `json:"bot,omitempty"`
	BotName         string            `json:"bot_name,omitempty"`
	Country         string            `json:"country"`
	Region          string            `json:"region,omitempty"`
	City            string            `json:"city,omitempty"`
	PostalCode      string            `json:"postal_code,omitempty"`
	Latitude        *float64          `json:"latitude,omitempty"`
	Longitude       *float64          `json:"longitude,omitempty"`
	IP              string            `json:"ip"`
	UserAgent       string            `json:"user_agent"`
	Language        string            `json:"language"`
	TimeZone        string            `json:"time_zone,omitempty"`
	ScreenWidth     int               `json:"screen_width,omitempty"`
	ScreenHeight    int               `json:"screen_height,omitempty"`
	Platform        string            `json:"platform,omitempty"`
	AppVersion      string            `json:"app_version,omitempty"`
}

func newVisitJSON(v *tracker.Visit, site *tracker.Site) visitJSON {
	j := visitJSON{
		ID: v.ID, VisitToken: v.Token, VisitorID: v.Visitor.ID, VisitorToken: v.Visitor.Token, UserID: v.UserID,
		StartedAt: instant(v.StartedAt), LastAt: instant(v.LastAt), Ordinal: v.Ordinal,
		EntryPage: v.EntryPage, ExitPage: v.ExitPage, Views: v.Views, Events: v.Events, EngagedMS: v.EngagedMS,
		LandingPage: v.LandingPage, Referrer: v.Referrer, ReferringDomain: v.ReferringDomain,
		Source: v.Source, Channel: v.Channel, Keyword: v.Keyword,
		UTMSource: v.UTMSource, UTMMedium: v.UTMMedium, UTMTerm: v.UTMTerm, UTMContent: v.UTMContent, UTMCampaign: v.UTMCampaign,
		ClickID: v.ClickID, ClickIDKind: v.ClickIDKind,
		Browser: v.Browser, BrowserVersion: v.BrowserVersion, OS: v.OS, OSVersion: v.OSVersion,
		DeviceType: v.DeviceType, DeviceBrand: v.DeviceBrand, DeviceModel: v.DeviceModel, Bot: v.Bot, BotName: v.BotName,
		Country: v.Country, Region: v.Region, City: v.City, PostalCode: v.PostalCode,
		IP: v.Address, UserAgent: v.UserAgent, Language: v.Language, TimeZone: v.TimeZone,
		ScreenWidth: v.ScreenWidth, ScreenHeight: v.ScreenHeight, Platform: v.Platform, AppVersion: v.AppVersion,
	}
	if site != nil {
		j.Site = site.Key
	}
	if v.HasPoint {
		j.Latitude, j.Longitude = &v.Latitude, &v.Longitude
	}
	return j
}

// eventJSON is an event in the API.
type eventJSON struct {
	ID         tracker.EventID `json:"id"`
	Name       string          `json:"name"`
	Time       instant         `json:"time"`
	Path       string          `json:"path,omitempty"`
	Title      string          `json:"title,omitempty"`
	Properties json.RawMessage `json:"properties,omitempty"`
	Revenue    string          `json:"revenue,omitempty"`
	Currency   string          `json:"currency,omitempty"`
	EngagedMS  int64           `json:"engaged_ms,omitempty"`
}

func newEventJSON(e *tracker.Event) eventJSON {
	j := eventJSON{
		ID: e.ID, Name: e.Name, Time: instant(e.Time), Path: e.Path, Title: e.Title,
		Properties: e.Properties, Currency: e.Currency, EngagedMS: e.EngagedMS,
	}
	if e.Currency != "" {
		j.Revenue = amount(e.Revenue)
	}
	return j
}

// amount writes ten-thousandths as a decimal number: at least two decimals,
// no more than are needed.
func amount(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := fmt.Sprintf("%s%d.%04d", sign, n/10000, n%10000)
	for i := 0; i < 2 && s[len(s)-1] == '0'; i++ {
		s = s[:len(s)-1]
	}
	return s
}
