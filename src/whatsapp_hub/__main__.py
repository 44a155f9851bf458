from whatsapp_hub.main.command import main

main()
