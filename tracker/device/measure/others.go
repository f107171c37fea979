package main

import (
	"encoding/json"
	"fmt"
	"os"

	"wake/tracker/device"
)

// crawlers measures on crawler-user-agents.json (npm crawler-user-agents):
// agents of bots only, gathered by others than Matomo.
func crawlers(file string, show bool) error {
	var list []struct{ Instances []string }
	if err := readJSON(file, &list); err != nil {
		return err
	}
	ours := device.New(0)
	var wake, theirs share
	for _, c := range list {
		for _, ua := range c.Instances {
			d := ours.Detect(ua, device.Hints{})
			wake.add(d.Bot)
			theirs.add(mssola(fixture{UserAgent: ua}).Bot)
			if show && !d.Bot {
				fmt.Printf("not found: %s\n", ua)
			}
		}
	}
	fmt.Printf("crawlers found: wake %v, mssola alone %v\n", wake, theirs)
	return nil
}

// people measures on user-agents.json (npm user-agents): agents of visitors of
// websites, sampled from real traffic, with the category that their screen and
// touch points gave them.
func people(file string, show bool) error {
	var list []struct {
		UserAgent, DeviceCategory string
		Weight                    float64
	}
	if err := readJSON(file, &list); err != nil {
		return err
	}
	ours := device.New(0)
	var falseBots, class, named, system, theirBots, theirClass share
	var weight, total float64
	for _, p := range list {
		d := ours.Detect(p.UserAgent, device.Hints{})
		m := mssola(fixture{UserAgent: p.UserAgent})
		total += p.Weight
		if d.Bot {
			weight += p.Weight
		}
		falseBots.add(d.Bot)
		theirBots.add(m.Bot)
		class.add(d.Type == p.DeviceCategory)
		theirClass.add(m.Type == p.DeviceCategory)
		named.add(d.Browser != "")
		system.add(d.OS != "")
		if show && (d.Bot || d.Type != p.DeviceCategory) {
			fmt.Printf("want %q, got %q %s %s: %s\n", p.DeviceCategory, d.Type, d.BotReason, d.BotName, p.UserAgent)
		}
	}
	fmt.Printf("people taken for bots: wake %v, by weight %.3f%%; mssola alone %v\n", falseBots, 100*weight/total, theirBots)
	fmt.Printf("people's device class: wake %v; mssola alone %v\n", class, theirClass)
	fmt.Printf("people's browser named %v, system named %v\n", named, system)
	return nil
}

func readJSON(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
