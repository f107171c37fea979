package source

import "strings"

// Channels, in the order in which reports list them. The codes are stable:
// they are stored, filtered by and part of the API.
const (
	ChannelDirect          = "direct"           // typed, bookmarked, from an app that doesn't tell; or from the site itself
	ChannelOrganicSearch   = "organic-search"   // a search engine's results
	ChannelPaidSearch      = "paid-search"      // a search engine's ads
	ChannelOrganicSocial   = "organic-social"   // social networks, communities, messengers
	ChannelPaidSocial      = "paid-social"      //
	ChannelOrganicVideo    = "organic-video"    // video platforms
	ChannelPaidVideo       = "paid-video"       //
	ChannelOrganicShopping = "organic-shopping" // marketplaces, price comparison
	ChannelPaidShopping    = "paid-shopping"    //
	ChannelAIAssistant     = "ai-assistant"     // answers of ChatGPT and its like
	ChannelEmail           = "email"            // newsletters, mail in the browser
	ChannelReferral        = "referral"         // a link on another site
	ChannelAffiliate       = "affiliate"        //
	ChannelDisplay         = "display"          // banners
	ChannelPaidOther       = "paid-other"       // paid for, but where is unknown
	ChannelSMS             = "sms"              //
	ChannelPush            = "push"             // push notifications
	ChannelAudio           = "audio"            // podcasts, audio ads
	ChannelCampaign        = "campaign"         // a tagged link that fits none of the above
)

// Channels lists every channel, in the order in which reports list them.
func Channels() []string {
	return []string{
		ChannelDirect, ChannelOrganicSearch, ChannelPaidSearch, ChannelOrganicSocial, ChannelPaidSocial,
		ChannelOrganicVideo, ChannelPaidVideo, ChannelOrganicShopping, ChannelPaidShopping,
		ChannelAIAssistant, ChannelEmail, ChannelReferral, ChannelAffiliate, ChannelDisplay,
		ChannelPaidOther, ChannelSMS, ChannelPush, ChannelAudio, ChannelCampaign,
	}
}

// origin is what is known when the channel is chosen.
type origin struct {
	site     *site  // a known one, or nil
	name     string // what the source is called; "" for none
	referred bool   // by a link on a page, rather than tagged
	paid     bool
	mail     bool  // by a tool that sends mail
	click    *site // whose ad was clicked, by the click id
	campaign UTM
}

// channel follows the default channel groups of Google Analytics 4, with these
// differences: an explicit medium such as email or social is believed before
// the kind of the site; "paid_social" and the like are understood where the
// source is unknown; AI assistants are a channel.
func (o *origin) channel() string {
	medium := plain(o.campaign.Medium)
	if o.paid {
		return o.paidChannel(medium)
	}
	switch medium {
	case "display", "banner", "expandable", "interstitial", "programmatic":
		return ChannelDisplay
	case "email", "mail", "newsletter", "edm", "emailmarketing", "emailcampaign":
		return ChannelEmail
	case "social", "socialnetwork", "socialmedia", "sm", "organicsocial":
		return ChannelOrganicSocial
	case "affiliate", "affiliates":
		return ChannelAffiliate
	case "audio", "podcast":
		return ChannelAudio
	case "sms", "mms":
		return ChannelSMS
	case "ai", "aiassistant", "chatbot", "llm":
		return ChannelAIAssistant
	}
	switch {
	case strings.HasSuffix(medium, "push") || strings.Contains(medium, "notification"):
		return ChannelPush
	case strings.Contains(medium, "video"):
		return ChannelOrganicVideo
	case o.site != nil && o.site.kind != kindOther:
		return organicChannels[o.site.kind]
	case medium == "organic":
		return ChannelOrganicSearch
	case medium == "referral" || medium == "app" || medium == "link":
		return ChannelReferral
	}
	switch plain(o.campaign.Source) {
	case "email", "mail", "newsletter", "edm":
		return ChannelEmail
	case "sms":
		return ChannelSMS
	case "firebase":
		return ChannelPush
	}
	switch {
	case o.mail:
		return ChannelEmail
	case o.referred && o.campaign.Medium == "" && isMailHost(o.name):
		return ChannelEmail
	case o.referred || o.site != nil:
		return ChannelReferral
	case o.campaign.Medium == "" && o.campaign.Campaign == "" && looksLikeHost(o.campaign.Source):
		return ChannelReferral
	case o.name != "":
		return ChannelCampaign
	}
	return ChannelDirect
}

func (o *origin) paidChannel(medium string) string {
	for _, site := range []*site{o.site, o.click} {
		if site == nil {
			continue
		}
		if channel := paidChannels[site.kind]; channel != "" {
			return channel
		}
	}
	switch {
	case strings.Contains(medium, "social"):
		return ChannelPaidSocial
	case strings.Contains(medium, "video"):
		return ChannelPaidVideo
	case strings.Contains(medium, "shop"):
		return ChannelPaidShopping
	case strings.Contains(medium, "search") || medium == "sem":
		return ChannelPaidSearch
	case strings.Contains(medium, "display") || medium == "cpm":
		return ChannelDisplay
	}
	return ChannelPaidOther
}

// organicChannels and paidChannels say what the kind of a site makes of a
// visit from it.
var (
	organicChannels = map[kind]string{
		kindSearch:    ChannelOrganicSearch,
		kindSocial:    ChannelOrganicSocial,
		kindVideo:     ChannelOrganicVideo,
		kindShopping:  ChannelOrganicShopping,
		kindEmail:     ChannelEmail,
		kindAI:        ChannelAIAssistant,
		kindAds:       ChannelDisplay,
		kindAffiliate: ChannelAffiliate,
		kindOther:     ChannelReferral,
	}
	paidChannels = map[kind]string{
		kindSearch:    ChannelPaidSearch,
		kindSocial:    ChannelPaidSocial,
		kindVideo:     ChannelPaidVideo,
		kindShopping:  ChannelPaidShopping,
		kindAds:       ChannelDisplay,
		kindAffiliate: ChannelAffiliate,
	}
)

// isPaidMedium has Google Analytics' rule, ^(.*cp.*|ppc|retargeting|paid.*)$,
// and the "sem" that is usual in China.
func isPaidMedium(medium string) bool {
	m := plain(medium)
	return strings.Contains(m, "cp") || m == "ppc" || m == "retargeting" || m == "sem" ||
		strings.HasPrefix(m, "paid")
}

// medium is the link's own, else the one that goes with the channel.
func medium(tagged, channel string) string {
	if tagged != "" {
		return strings.ToLower(tagged)
	}
	switch channel {
	case ChannelOrganicSearch, ChannelOrganicShopping:
		return "organic"
	case ChannelPaidSearch, ChannelPaidSocial, ChannelPaidVideo, ChannelPaidShopping, ChannelPaidOther:
		return "cpc"
	case ChannelOrganicSocial:
		return "social"
	case ChannelOrganicVideo:
		return "video"
	case ChannelAIAssistant:
		return "ai"
	case ChannelEmail, ChannelReferral, ChannelAffiliate, ChannelDisplay, ChannelSMS, ChannelPush, ChannelAudio:
		return channel
	}
	return ""
}

// plain is a label in lower case without the separators that people vary:
// "Paid_Social" and "paid social" are one.
func plain(label string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '_', '-', '.', '+':
			return -1
		}
		return r
	}, strings.ToLower(label))
}
